package sqlite

import (
	"context"
	"sync"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"

	"bench/runtime/bench"
)

// A handle is an open database of the C library. It is used by one goroutine at a time, but for interrupt.
//
// C never sees the address of Go memory: what it writes, and the texts that it reads, are in memory of its own.
type handle struct {
	tls       *libc.TLS
	signalTLS *libc.TLS // of interrupt, which runs beside everything else
	db        uintptr
	out       uintptr // two words for what C functions return by pointer
	texts     uintptr // the texts bound last, all of one statement
	size      int     // of texts

	ctx     context.Context // of the call in flight; ends a wait for a lock
	busy    time.Duration   // how long such a wait may take
	waiting time.Time       // since when it goes on
}

// handles finds the handle for the busy handler, which knows only the address of the database.
var handles sync.Map // of uintptr to *handle

func open(path string, busy time.Duration) (*handle, *bench.OpError) {
	h := &handle{tls: libc.NewTLS(), signalTLS: libc.NewTLS(), busy: busy, ctx: context.Background()}
	h.out = libc.Xcalloc(h.tls, 2, wordSize)
	name, err := libc.CString(path)
	if err != nil {
		h.close()
		return nil, &bench.OpError{Class: bench.ErrorOther, Message: err.Error()}
	}
	defer libc.Xfree(h.tls, name)
	const flags = sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE | sqlite3.SQLITE_OPEN_NOMUTEX
	rc := sqlite3.Xsqlite3_open_v2(h.tls, name, h.out, flags, 0)
	h.db = *at[uintptr](h.out)
	if rc != sqlite3.SQLITE_OK {
		e := h.failure(rc)
		h.close()
		return nil, e
	}
	sqlite3.Xsqlite3_extended_result_codes(h.tls, h.db, 1)
	handles.Store(h.db, h)
	sqlite3.Xsqlite3_busy_handler(h.tls, h.db, pointer(waitForLock), h.db)
	return h, nil
}

// close needs every statement to be finalized.
func (h *handle) close() {
	if h.db != 0 {
		handles.Delete(h.db)
		sqlite3.Xsqlite3_close_v2(h.tls, h.db)
		h.db = 0
	}
	libc.Xfree(h.tls, h.out)
	libc.Xfree(h.tls, h.texts)
	h.tls.Close()
	h.signalTLS.Close()
}

// interrupt ends the statement in flight with SQLITE_INTERRUPT. The library forgets it when no statement has begun yet.
func (h *handle) interrupt() { sqlite3.Xsqlite3_interrupt(h.signalTLS, h.db) }

// prepare compiles the first statement of a text and says how many bytes of the text it took. The statement is 0 for a
// text of blanks and comments.
func (h *handle) prepare(sql string) (statement uintptr, length int, rc int32) {
	text, err := libc.CString(sql)
	if err != nil {
		return 0, 0, sqlite3.SQLITE_NOMEM
	}
	defer libc.Xfree(h.tls, text)
	rc = sqlite3.Xsqlite3_prepare_v2(h.tls, h.db, text, -1, h.out, h.out+wordSize)
	if rc != sqlite3.SQLITE_OK {
		return 0, 0, rc
	}
	return *at[uintptr](h.out), int(*at[uintptr](h.out + wordSize) - text), rc
}

func (h *handle) finalize(statement uintptr)    { sqlite3.Xsqlite3_finalize(h.tls, statement) }
func (h *handle) step(statement uintptr) int32  { return sqlite3.Xsqlite3_step(h.tls, statement) }
func (h *handle) reset(statement uintptr) int32 { return sqlite3.Xsqlite3_reset(h.tls, statement) }
func (h *handle) inTransaction() bool           { return sqlite3.Xsqlite3_get_autocommit(h.tls, h.db) == 0 }
func (h *handle) totalChanges() int64           { return sqlite3.Xsqlite3_total_changes64(h.tls, h.db) }
func (h *handle) changes() int64                { return sqlite3.Xsqlite3_changes64(h.tls, h.db) }

// errorOffset is the byte of the last prepared text that is at fault, or -1.
func (h *handle) errorOffset() int { return int(sqlite3.Xsqlite3_error_offset(h.tls, h.db)) }

func (h *handle) readOnly(statement uintptr) bool {
	return sqlite3.Xsqlite3_stmt_readonly(h.tls, statement) != 0
}

func (h *handle) placeholders(statement uintptr) int {
	return int(sqlite3.Xsqlite3_bind_parameter_count(h.tls, statement))
}

func (h *handle) columns(statement uintptr) []string {
	names := make([]string, sqlite3.Xsqlite3_column_count(h.tls, statement))
	for i := range names {
		names[i] = libc.GoString(sqlite3.Xsqlite3_column_name(h.tls, statement, int32(i)))
	}
	return names
}

// bind sets the values of placeholders. The texts are valid until the next bind on the handle; no statement reads them
// for longer, as one statement runs at a time and is bound before it does.
func (h *handle) bind(statement uintptr, values []bench.Value) int32 {
	size := 1 // the empty text needs an address too: C takes nil for NULL
	for i := range values {
		size += len(values[i].Text)
	}
	if size > h.size {
		libc.Xfree(h.tls, h.texts)
		h.size = 2 * size
		h.texts = libc.Xmalloc(h.tls, libc.Tsize_t(h.size))
	}
	text := h.texts
	for i := range values {
		v, n := &values[i], int32(i)+1
		rc := int32(sqlite3.SQLITE_OK)
		switch v.Kind {
		case bench.KindNull:
			rc = sqlite3.Xsqlite3_bind_null(h.tls, statement, n)
		case bench.KindInt:
			rc = sqlite3.Xsqlite3_bind_int64(h.tls, statement, n, v.Int)
		case bench.KindFloat:
			rc = sqlite3.Xsqlite3_bind_double(h.tls, statement, n, v.Float)
		case bench.KindText:
			copy(unsafe.Slice(at[byte](text), len(v.Text)), v.Text)
			rc = sqlite3.Xsqlite3_bind_text(h.tls, statement, n, text, int32(len(v.Text)), sqlite3.SQLITE_STATIC)
			text += uintptr(len(v.Text))
		}
		if rc != sqlite3.SQLITE_OK {
			return rc
		}
	}
	return sqlite3.SQLITE_OK
}

// row appends the values of the current row. A blob becomes a text of the same bytes.
func (h *handle) row(values []bench.Value, statement uintptr, columns int) []bench.Value {
	for i := range int32(columns) {
		switch sqlite3.Xsqlite3_column_type(h.tls, statement, i) {
		case sqlite3.SQLITE_INTEGER:
			values = append(values, bench.IntValue(sqlite3.Xsqlite3_column_int64(h.tls, statement, i)))
		case sqlite3.SQLITE_FLOAT:
			values = append(values, bench.FloatValue(sqlite3.Xsqlite3_column_double(h.tls, statement, i)))
		case sqlite3.SQLITE_NULL:
			values = append(values, bench.Value{})
		default:
			data := sqlite3.Xsqlite3_column_blob(h.tls, statement, i)
			length := sqlite3.Xsqlite3_column_bytes(h.tls, statement, i)
			if length == 0 {
				values = append(values, bench.TextValue(""))
			} else {
				values = append(values, bench.TextValue(string(libc.GoBytes(data, int(length)))))
			}
		}
	}
	return values
}

// failure is the last error of the handle.
func (h *handle) failure(rc int32) *bench.OpError {
	message := ""
	if h.db != 0 && sqlite3.Xsqlite3_extended_errcode(h.tls, h.db) == rc {
		message = libc.GoString(sqlite3.Xsqlite3_errmsg(h.tls, h.db))
	} else {
		message = libc.GoString(sqlite3.Xsqlite3_errstr(h.tls, rc))
	}
	return &bench.OpError{Class: class(rc), Code: codeName(rc), Message: message}
}

// delays are those of the library's own busy handler (sqliteDefaultBusyCallback); the last one repeats.
var delays = [...]time.Duration{
	1 * time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 15 * time.Millisecond, 20 * time.Millisecond,
	25 * time.Millisecond, 25 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
}

// waitForLock is the busy handler: C calls it on the goroutine of the statement that found a lock, with the number of
// times that it was called for this lock before, and gives up when it returns 0. Unlike the library's own, it ends with
// the context of the call.
func waitForLock(_ *libc.TLS, db uintptr, count int32) int32 {
	v, ok := handles.Load(db)
	if !ok {
		return 0
	}
	h := v.(*handle)
	if count == 0 {
		h.waiting = time.Now()
	}
	left := h.busy - time.Since(h.waiting)
	if left <= 0 {
		return 0
	}
	timer := time.NewTimer(min(left, delays[min(int(count), len(delays)-1)]))
	defer timer.Stop()
	select {
	case <-timer.C:
		return 1
	case <-h.ctx.Done():
		return 0
	}
}

// pointer makes a C function pointer of a declared function (not a closure): translated C code takes the address of a
// function value for one.
func pointer(f func(*libc.TLS, uintptr, int32) int32) uintptr {
	return *(*uintptr)(unsafe.Pointer(&f))
}

// wordSize is that of a pointer, or more.
const wordSize = 8

// at reads an address in C's memory as a pointer.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }
