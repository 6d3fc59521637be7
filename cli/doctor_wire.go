package cli

import (
	"context"
	"database/sql"

	"bench/sql/dialect"
	"bench/sql/migrations"
)

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
