package null_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target/null"
	"bench/sql/target/targettest"
)

func open(t *testing.T, options map[string]string) *null.Target {
	t.Helper()
	target, err := null.Open(t.Context(), bench.Target{Kind: "null", Options: options}, nil, 1, "")
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func connect(t *testing.T, target *null.Target) load.Conn {
	t.Helper()
	conn, err := target.Open(t.Context(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestContract(t *testing.T) {
	targettest.Exercise(t, targettest.Fixture{
		Open:     func(t *testing.T) targettest.Target { return open(t, map[string]string{"rows": "3"}) },
		OpenSlow: func(t *testing.T) targettest.Target { return open(t, map[string]string{"hang": "true"}) },
		NoSQL:    true,
		Allocs:   0,
	})
}

func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := connect(t, open(t, map[string]string{"latency": "7ms"}))
		for range 3 {
			start := time.Now()
			if err := conn.Exec(t.Context(), &load.Call{}); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != 7*time.Millisecond {
				t.Errorf("took %v", took)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := conn.Exec(ctx, &load.Call{}); err == nil || time.Since(start) != 3*time.Millisecond {
			t.Errorf("a timeout of 3ms: %v after %v", err, time.Since(start))
		}
		start = time.Now() // the timer that was stopped early does not disturb the next call
		if err := conn.Exec(t.Context(), &load.Call{}); err != nil || time.Since(start) != 7*time.Millisecond {
			t.Errorf("after a timeout: %v after %v", err, time.Since(start))
		}
	})
}

func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := open(t, map[string]string{"latency": "1ms", "stall_at": "10ms", "stall_for": "100ms"})
		a, b := connect(t, target), connect(t, target)
		time.Sleep(time.Hour) // before the first Exec nothing counts
		start := time.Now()
		var ends []time.Duration
		for _, wait := range []time.Duration{0, 8 * time.Millisecond, 20 * time.Millisecond, 0} {
			time.Sleep(wait)
			conn := a
			if len(ends) == 3 {
				conn = b
			}
			if err := conn.Exec(t.Context(), &load.Call{}); err != nil {
				t.Fatal(err)
			}
			ends = append(ends, time.Since(start)/time.Millisecond)
		}
		// The second call ends at the start of the stall; the third falls into it and waits for its end.
		for i, want := range []time.Duration{1, 10, 111, 112} {
			if ends[i] != want {
				t.Errorf("call %d ended at %d ms, want %d", i, ends[i], want)
			}
		}
	})
}

func TestErrors(t *testing.T) {
	conn := connect(t, open(t, map[string]string{"error_rate": "0.1", "error_class": "serialization"}))
	failed := 0
	for range 1000 {
		if err := conn.Exec(t.Context(), &load.Call{}); err != nil {
			failed++
			if e := err.(*bench.OpError); e.Class != bench.ErrorSerialization || e.Lost {
				t.Fatalf("got class %v, lost %v", e.Class, e.Lost)
			}
		}
	}
	if failed != 100 {
		t.Errorf("%d of 1000 failed, want 100", failed)
	}

	conn = connect(t, open(t, map[string]string{"error_rate": "1", "error_class": "connection"}))
	for range 2 {
		if e, ok := conn.Exec(t.Context(), &load.Call{}).(*bench.OpError); !ok || !e.Lost {
			t.Errorf("got %v, want a lost session", e)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"refuse", "true", "refuses"},
		{"latency", "soon", `latency = "soon"`},
		{"error_class", "odd", `error_class = "odd"`},
		{"colour", "red", `no option "colour"`},
	} {
		_, err := null.Open(t.Context(), bench.Target{Kind: "null", Options: map[string]string{test.name: test.value}}, nil, 1, "")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s = %q: got %v, want %q in it", test.name, test.value, err, test.want)
		}
	}
}

func BenchmarkExec(b *testing.B) {
	target, err := null.Open(b.Context(), bench.Target{Kind: "null"}, nil, 1, "")
	if err != nil {
		b.Fatal(err)
	}
	conn, err := target.Open(b.Context(), 0, nil)
	if err != nil {
		b.Fatal(err)
	}
	call := &load.Call{}
	b.ReportAllocs()
	for b.Loop() {
		if err := conn.Exec(b.Context(), call); err != nil {
			b.Fatal(err)
		}
	}
}
