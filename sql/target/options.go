package target

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"bench/runtime/bench"
)

// Known is an error if t has an option or a secret that its kind does not have.
func Known(t bench.Target, names ...string) error {
	for _, name := range slices.Sorted(maps.Keys(t.Options)) {
		if !slices.Contains(names, name) {
			return fmt.Errorf("target %q has no option %q: it has %s", t.Kind, name, strings.Join(names, ", "))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Secrets)) {
		if !slices.Contains(names, name) {
			return fmt.Errorf("target %q has no secret option %q: it has %s", t.Kind, name, strings.Join(names, ", "))
		}
	}
	return nil
}

// One is the value of an option that must be one of a list, ignoring case, in the spelling of the list; without a value
// it is the first.
func One(t bench.Target, name string, allowed ...string) (string, error) {
	v, ok := t.Options[name]
	if !ok {
		return allowed[0], nil
	}
	for _, a := range allowed {
		if strings.EqualFold(a, v) {
			return a, nil
		}
	}
	return "", fmt.Errorf("target %q: %s = %q must be one of %s", t.Kind, name, v, strings.Join(allowed, ", "))
}
