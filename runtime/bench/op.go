package bench

import (
	"cmp"
	"fmt"
	"slices"
)

// An Op is one operation with its five clocks, as the worker that ran it saw it. All clocks are nanoseconds on the
// worker's monotonic clock since t0 of the run; zero FirstRow or Sent means that it did not come to that.
type Op struct {
	Connection int   // global number of the connection, from 0
	Number     int64 // of the operation on its connection, from 0
	Workload   int   // index in Plan.Workloads
	Phase      Phase // of the intended start

	Intended int64 // when the load model wanted it to start
	TakenUp  int64 // when its connection turned to it; TakenUp-Intended is the generator's lag or the queue before it
	Sent     int64 // when its first statement was handed to the driver
	FirstRow int64 // when the first row, or the answer without rows, of its first statement arrived
	Done     int64 // when its last answer was read

	Outcome  Outcome
	Class    ErrorClass // of a failed one
	Attempts int        // 1 without retries
	Rows     int64      // rows read or changed, by the attempt that counted
}

// Response is the latency that a user would feel, in nanoseconds: from the intended start.
func (o *Op) Response() int64 { return o.Done - o.Intended }

// Service is the latency of the target, in nanoseconds: from the first statement sent, retries included.
func (o *Op) Service() int64 { return o.Done - o.Sent }

// An Outcome is how one operation ended. Every operation has exactly one: see [Ledger].
type Outcome uint8

// The outcomes of an operation.
const (
	OutcomeDone     Outcome = iota // every statement succeeded and every expectation held
	OutcomeFailed                  // ended with an error of some class, after its retries
	OutcomeIndoubt                 // COMMIT was sent and no answer came
	OutcomeCensored                // still in flight when the drain limit passed; only its age is known
	OutcomeSkipped                 // planned but never sent
)

func (o Outcome) String() string {
	return [...]string{"done", "failed", "indoubt", "censored", "skipped"}[o]
}

// An ErrorClass says what kind of error ended an operation; targets map their codes to it.
type ErrorClass int

// The classes of errors.
const (
	ErrorTimeout       ErrorClass = iota // the statement timeout
	ErrorSerialization                   // serialization failure, deadlock, busy database: a retry may succeed
	ErrorConnection                      // the session is gone
	ErrorConstraint                      // unique, foreign key, check, not null
	ErrorExpectation                     // the statement succeeded, what it returned was not as expected
	ErrorOther
	ErrorClasses // how many there are
)

var errorClassNames = [ErrorClasses]string{"timeout", "serialization", "connection", "constraint", "expectation", "other"}

func (c ErrorClass) String() string { return errorClassNames[c] }

// MarshalText makes the class a word in JSON.
func (c ErrorClass) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the word back.
func (c *ErrorClass) UnmarshalText(b []byte) error {
	for i, name := range errorClassNames {
		if name == string(b) {
			*c = ErrorClass(i)
			return nil
		}
	}
	return fmt.Errorf("no error class %q", b)
}

// An OpError is why an attempt failed, in the words of the target. Targets return it for every error of a statement.
type OpError struct {
	Class   ErrorClass
	Code    string // of the target: a SQLSTATE, a SQLite result code
	Message string // never holds values of parameters
	Lost    bool   // the session cannot be used any more
}

func (e *OpError) Error() string {
	if e.Code == "" {
		return e.Message
	}
	return e.Message + " (" + e.Code + ")"
}

// A Ledger accounts for every planned operation, each counted once however often it was tried:
//
//	planned = done + failed + indoubt + censored + skipped + in flight
//
// (the identity of pgbench's StatsData, extended by what it leaves out). In flight is zero when a run has ended.
type Ledger struct {
	Planned  int64               `json:"planned"`
	Done     int64               `json:"done"`
	Failed   [ErrorClasses]int64 `json:"failed"` // by class, in the order of ErrorClass
	Indoubt  int64               `json:"indoubt"`
	Censored int64               `json:"censored"`
	Skipped  int64               `json:"skipped"`
}

// Failures is the sum of failed over all classes.
func (l Ledger) Failures() int64 {
	var n int64
	for _, f := range l.Failed {
		n += f
	}
	return n
}

// Finished is how many planned operations have an outcome.
func (l Ledger) Finished() int64 { return l.Done + l.Failures() + l.Indoubt + l.Censored + l.Skipped }

// InFlight is how many planned operations have no outcome yet; less than zero is a bug.
func (l Ledger) InFlight() int64 { return l.Planned - l.Finished() }

// Add adds the counts of other.
func (l *Ledger) Add(other Ledger) {
	l.Planned += other.Planned
	l.Done += other.Done
	for i := range l.Failed {
		l.Failed[i] += other.Failed[i]
	}
	l.Indoubt += other.Indoubt
	l.Censored += other.Censored
	l.Skipped += other.Skipped
}

// Count adds one operation with the given outcome; Planned is not touched.
func (l *Ledger) Count(outcome Outcome, class ErrorClass) {
	switch outcome {
	case OutcomeDone:
		l.Done++
	case OutcomeFailed:
		l.Failed[class]++
	case OutcomeIndoubt:
		l.Indoubt++
	case OutcomeCensored:
		l.Censored++
	case OutcomeSkipped:
		l.Skipped++
	}
}

// ErrorRate is the share of finished operations that did not end done, from 0 to 1, and whether there was any.
func (l Ledger) ErrorRate() (float64, bool) {
	n := l.Finished()
	return float64(n-l.Done) / float64(max(n, 1)), n > 0
}

// A Value is one parameter or one column of a row. It is a union without pointers to boxes, so that binding costs no
// allocation.
type Value struct {
	Kind  Kind    `json:"kind"`
	Int   int64   `json:"int,omitzero"`
	Float float64 `json:"float,omitzero"`
	Text  string  `json:"text,omitzero"`
}

// A Kind says which field of a Value holds it.
type Kind uint8

// The kinds of values.
const (
	KindNull Kind = iota
	KindInt
	KindFloat
	KindText
)

var kindNames = [...]string{"null", "int", "float", "text"}

// MarshalText makes the kind a word in JSON.
func (k Kind) MarshalText() ([]byte, error) { return []byte(kindNames[k]), nil }

// UnmarshalText reads the word back.
func (k *Kind) UnmarshalText(b []byte) error {
	i := slices.Index(kindNames[:], string(b))
	if i < 0 {
		return fmt.Errorf("no kind of value %q", b)
	}
	*k = Kind(i)
	return nil
}

// IntValue makes a whole number.
func IntValue(n int64) Value { return Value{Kind: KindInt, Int: n} }

// FloatValue makes a floating-point number.
func FloatValue(f float64) Value { return Value{Kind: KindFloat, Float: f} }

// TextValue makes a text.
func TextValue(s string) Value { return Value{Kind: KindText, Text: s} }

// Any is the value as database/sql wants it.
func (v Value) Any() any {
	switch v.Kind {
	case KindInt:
		return v.Int
	case KindFloat:
		return v.Float
	case KindText:
		return v.Text
	}
	return nil
}

// Compare orders values by kind, then by what they hold.
func (v Value) Compare(w Value) int {
	return cmp.Or(cmp.Compare(v.Kind, w.Kind), cmp.Compare(v.Int, w.Int), cmp.Compare(v.Float, w.Float), cmp.Compare(v.Text, w.Text))
}
