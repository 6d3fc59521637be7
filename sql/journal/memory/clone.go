package memory

import (
	"reflect"
	"time"
)

// clone is a copy of a noun that shares nothing with it that could be changed.
func clone[T any](x T) T {
	detach(reflect.ValueOf(&x).Elem())
	return x
}

var timeType = reflect.TypeFor[time.Time]()

// detach replaces whatever v refers to by a copy of its own.
func detach(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			c := reflect.New(v.Type().Elem())
			c.Elem().Set(v.Elem())
			detach(c.Elem())
			v.Set(c)
		}
	case reflect.Slice:
		if !v.IsNil() {
			c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(c, v)
			if v.Type().Elem().Kind() != reflect.Uint8 {
				for i := range c.Len() {
					detach(c.Index(i))
				}
			}
			v.Set(c)
		}
	case reflect.Map: // of values that refer to nothing
		if !v.IsNil() {
			c := reflect.MakeMapWithSize(v.Type(), v.Len())
			for key, value := range v.Seq2() {
				c.SetMapIndex(key, value)
			}
			v.Set(c)
		}
	case reflect.Struct:
		if v.Type() != timeType {
			for _, field := range v.Fields() {
				detach(field)
			}
		}
	}
}
