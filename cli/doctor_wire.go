package cli

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"

	"bench/diagnostics"
	"bench/runtime/engine"
	"bench/server"
	"bench/sql/dialect"
	"bench/sql/journal"
	"bench/sql/migrations"
)

// journalDatabase is a journal for the SQL of checks.
func journalDatabase(path string, r *journal.Reader) *diagnostics.Database {
	return &diagnostics.Database{Name: path, Dialect: dialect.SQLite.Name, Query: r.Query}
}

// emptyJournal is a database in memory with the tables of a journal, for fixtures.
func emptyJournal(ctx context.Context) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:fixtures?mode=memory")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // or each connection would have a memory of its own
	set, err := migrations.Open(dialect.SQLite.Name, db)
	if err == nil {
		_, err = set.Up(ctx)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// watchRuns examines the runs of a server while they go on. It returns what ends that, and waits for it.
func watchRuns(checks diagnostics.Set, s *server.Server, e *engine.Engine, log *slog.Logger) (end func()) {
	w := &diagnostics.Watch{Set: checks, Going: e.Going, Case: s.Case, Found: e.Found, Log: log}
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { w.Run(ctx) })
	return func() {
		cancel()
		watching.Wait()
	}
}
