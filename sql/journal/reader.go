package journal

import (
	"context"
	"database/sql"
	"fmt"
	"os"

	"bench/sql/dialect"
	"bench/sql/history"
	"bench/sql/migrations"
	"bench/sql/queries"
)

// A Reader reads runs from a journal, and the order in which they changed. It never changes anything.
type Reader struct {
	*history.Reader
	path   string
	db     *sql.DB
	set    queries.Set
	tables []string // that hold rows of runs
}

// OpenReader opens the journal at path for reading, whether a server writes to it or not. A file that does not exist is
// an error that is [fs.ErrNotExist]; a journal of another version than this program's is refused.
func OpenReader(ctx context.Context, path string) (_ *Reader, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, missing(path, err)
	}
	if path, err = real(path); err != nil {
		return nil, err
	}
	set, err := queries.Load(dialect.SQLite)
	if err != nil {
		return nil, err
	}
	return newReader(ctx, path, set, Options{})
}

func newReader(ctx context.Context, path string, set queries.Set, options Options) (_ *Reader, err error) {
	db, err := connect(path, options, "ro")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	readers := options.Readers
	if readers == 0 {
		readers = 4
	}
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	r := &Reader{history.New(db, set, ""), path, db, set, nil}
	if err := r.check(ctx); err != nil {
		return nil, err
	}
	r.tables, err = readTables(ctx, db)
	return r, within("read the tables of journal "+path, err)
}

// check makes sure that the tables are those that the queries are for.
func (r *Reader) check(ctx context.Context) error {
	set, err := migrations.Open(dialect.SQLite.Name, r.db)
	if err != nil {
		return err
	}
	current, err := set.Current(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("open journal %s for reading: %w", r.path, err)
	case current == 0:
		return fmt.Errorf("%s is not a journal, or an empty one; the first run or server fills it", r.path)
	case current > set.Latest():
		return newer(r.path, current, set.Latest())
	case current < set.Latest():
		return fmt.Errorf("journal %s has tables of version %d, and this program reads version %d: bring it up to date with bench migrate up",
			r.path, current, set.Latest())
	}
	return nil
}

// Close ends the reader's connections.
func (r *Reader) Close() error { return r.db.Close() }
