package target

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
)

func TestPlace(t *testing.T) {
	var long strings.Builder
	long.WriteString("SELECT ")
	for range 20 {
		long.WriteString("abcdefghij ")
	}
	for _, test := range []struct {
		text   string
		offset int
		want   string
	}{
		{"SELEC 1", 0, "line 1, column 1 (SELEC 1)"},
		{"a;\n  bé c;\r\nd", 9, "line 2, column 6 (bé c;)"},
		{"a;\n  b", 99, "line 2, column 4 (b)"},
		{"a", -3, "line 1, column 1 (a)"},
		{"", 0, "line 1, column 1 ()"},
		{long.String(), 100, "line 1, column 101 (…cdefghij abcdefghij abcdefghij abcdefghij abcdefghij abcdefghij abcdefgh…)"},
	} {
		if got := Place(test.text, test.offset); got != test.want {
			t.Errorf("Place(%.20q, %d) = %s, want %s", test.text, test.offset, got, test.want)
		}
	}
}

func FuzzPlace(f *testing.F) {
	f.Add("SELECT 1;\nSELECT é", 12)
	f.Fuzz(func(t *testing.T, text string, offset int) {
		if Place(text, offset) == "" {
			t.Error("no place")
		}
	})
}

func TestWatchInterruptsUntilTheCallReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var firsts, all atomic.Int32
		w := NewWatch(10*time.Millisecond, func(first bool) {
			all.Add(1)
			if first {
				firsts.Add(1)
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.Begin(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second + 25*time.Millisecond)
		if !w.End() {
			t.Error("End says that nothing was interrupted")
		}
		if firsts.Load() != 1 || all.Load() != 3 {
			t.Errorf("%d interruptions, %d of them first; want 3, 1", all.Load(), firsts.Load())
		}
		time.Sleep(time.Second)
		if all.Load() != 3 {
			t.Error("interrupted after End")
		}
		if err := w.Begin(ctx); err == nil {
			t.Error("began under a context that has ended")
		}
	})
}

func TestWatchLeavesTheNextCallAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := NewWatch(time.Millisecond, func(bool) { t.Error("interrupted") })
		run, stop := context.WithCancel(t.Context())
		one, cancel := context.WithCancel(t.Context())
		for _, ctx := range []context.Context{run, one, run, run} {
			if err := w.Begin(ctx); err != nil {
				t.Fatal(err)
			}
			if ctx == one {
				w.End()
			}
		}
		cancel() // of a call that is over
		synctest.Wait()
		if w.End() {
			t.Error("End says that the call was interrupted")
		}
		stop() // between calls
		synctest.Wait()
		if err := w.Begin(run); err == nil {
			t.Error("began under a context that has ended")
		}
		w.Close()
	})
}

func TestWatchAllocatesNothingUnderOneContext(t *testing.T) {
	w := NewWatch(time.Second, func(bool) {})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if n := testing.AllocsPerRun(100, func() {
		w.Begin(ctx)
		w.End()
	}); n != 0 {
		t.Errorf("%v allocations a call, want 0", n)
	}
}

func TestEnded(t *testing.T) {
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	if e := Ended(late, "X"); e.Class != bench.ErrorTimeout || e.Code != "X" {
		t.Errorf("deadline: got %v, %v", e.Class, e)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if e := Ended(cancelled, "X"); e.Class != bench.ErrorOther {
		t.Errorf("cancel: got %v, %v", e.Class, e)
	}
}

func TestOptions(t *testing.T) {
	target := bench.Target{Kind: "sqlite", Options: map[string]string{"mode": "wal", "x": ""}, Secrets: map[string]bench.Secret{"key": "env:KEY"}}
	for _, test := range []struct {
		names []string
		want  string
	}{
		{[]string{"mode", "x", "key"}, ""},
		{[]string{"mode", "key"}, `target "sqlite" has no option "x": it has mode, key`},
		{[]string{"mode", "x"}, `target "sqlite" has no secret option "key": it has mode, x`},
	} {
		got := ""
		if err := Known(target, test.names...); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("Known(%v) = %q, want %q", test.names, got, test.want)
		}
	}

	if v, err := One(target, "mode", "DELETE", "WAL"); v != "WAL" || err != nil {
		t.Errorf("One = %q, %v", v, err)
	}
	if v, err := One(target, "other", "DELETE", "WAL"); v != "DELETE" || err != nil {
		t.Errorf("One without a value = %q, %v", v, err)
	}
	if _, err := One(target, "mode", "DELETE"); err == nil {
		t.Error("One takes a value that is not allowed")
	}
}
