package load

import (
	"context"

	"bench/runtime/bench"
)

// A Target is the database under test. The worker makes it, opens one Conn per virtual connection before the clock
// starts, and closes it at the end. Its methods may be called at once from many goroutines.
type Target interface {
	// Open signs in and sets the session up. number is the global number of the connection. stage, if not nil, is
	// told what Open is at.
	Open(ctx context.Context, number int, stage func(bench.Stage)) (Conn, error)
	// Query runs one statement outside of the measured path and returns its column names and at most limit rows;
	// more rows are an error. It fills pools.
	Query(ctx context.Context, sql string, limit int) ([]string, [][]bench.Value, error)
	// Facts says what the target is: version, settings that matter, a round trip in microseconds.
	Facts(ctx context.Context) ([]bench.Fact, error)
	Close() error
}

// A Conn is one session of a target. It is used by one goroutine at a time. Its methods return a *bench.OpError for
// whatever the target says, and on the way of a success they allocate nothing that they could keep from call to call.
// When ctx ends, what is in flight is cancelled on the target, not just abandoned.
type Conn interface {
	// Prepare readies the statements of all workloads once, after Open and again after a reconnect: Call.Statement
	// counts in this slice.
	Prepare(ctx context.Context, statements []*bench.Statement) error
	Begin(ctx context.Context, isolation string) error
	Exec(ctx context.Context, call *Call) error
	Commit(ctx context.Context) error
	Rollback(ctx context.Context) error
	Close() error
}

// A Call is one execution of a prepared statement: what goes in and what comes out. A connection uses the same Call
// over and over.
type Call struct {
	Statement int           // index in the slice given to Prepare
	Args      []bench.Value // one for each Bind
	Fetch     string        // all, first_row, none (see bench.Statement)
	Keep      bool          // First and Columns are wanted

	// Answered is called once per execution, when the first row or the answer without rows has arrived.
	Answered func()

	Rows    int64         // rows read; rows changed when the statement returns none
	Columns []string      // of the answer, when Keep; owned by the Conn
	First   []bench.Value // the first row, when Keep; empty if there was none
	QueryID string        // of the target, where it has one
}

// A Tagger is a Conn that can mark its statements, so that they are found again on the target. Tag is called before the
// statements of an operation; the phase is that of its intended start.
type Tagger interface {
	Tag(phase bench.Phase, workload string)
}
