package engine

import "time"

// A trial is a write to the journal that is tried until it succeeds or is given up.
type trial struct {
	rows    int64
	since   time.Time // when the oldest of its rows was given; zero when it has none
	failing time.Time // when trying began to fail; zero while it did not
	trouble string    // why
}

// fails notes that a try failed.
func (t *trial) fails(err error) {
	t.trouble = err.Error()
	if t.failing.IsZero() {
		t.failing = time.Now()
	}
}

// join makes a trial that of the rows of two.
func (t *trial) join(other trial) {
	t.rows += other.rows
	if t.since.IsZero() || !other.since.IsZero() && other.since.Before(t.since) {
		t.since = other.since
	}
	if t.failing.IsZero() || !other.failing.IsZero() && other.failing.Before(t.failing) {
		t.failing, t.trouble = other.failing, other.trouble
	}
}
