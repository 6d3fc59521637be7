package migrations

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

// SQL is what Up would run on an empty database, for somebody to review or to run by hand: the table of applied numbers,
// and each migration with its entry there.
func SQL(dialect string) (string, error) {
	folder, err := folder(dialect)
	if err != nil {
		return "", err
	}
	names, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return "", err
	}
	b := script{insert: "INSERT INTO %s (version_id, is_applied) VALUES (%d, TRUE)"}
	store := snowflakeStore()
	if known := keepers[dialect].goose; known != goose.DialectCustom {
		if store, err = database.NewStore(known, versionTable); err != nil {
			return "", err
		}
	} else { // its table has no defaults
		b.insert = "INSERT INTO %s (version_id, is_applied, tstamp) SELECT %d, TRUE, CURRENT_TIMESTAMP()"
	}
	fmt.Fprintf(&b, "-- applied numbers, as goose keeps them\n")
	if err := store.CreateVersionTable(context.Background(), &b); err != nil {
		return "", err
	}
	b.applied(0)
	for i, file := range names {
		text, err := fs.ReadFile(folder, file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "-- %s\n", strings.TrimSuffix(file, ".sql"))
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "-- +goose Down") {
				break
			}
			if !strings.HasPrefix(line, "-- +goose") {
				b.WriteString(line)
			}
		}
		b.applied(i + 1)
	}
	return b.String(), nil
}

// A script is a database that carries nothing out, but notes what it is told.
type script struct {
	strings.Builder
	insert string // format of the statement that notes a number: table, number
}

func (s *script) applied(version int) {
	fmt.Fprintf(s, s.insert+";\n\n", versionTable, version)
}

// ExecContext implements database.DBTxConn.
func (s *script) ExecContext(_ context.Context, statement string, _ ...any) (sql.Result, error) {
	fmt.Fprintf(s, "%s;\n", statement)
	return driver.ResultNoRows, nil
}

// QueryContext implements database.DBTxConn. There is nothing to ask.
func (s *script) QueryContext(context.Context, string, ...any) (*sql.Rows, error) {
	return nil, errors.ErrUnsupported
}

// QueryRowContext implements database.DBTxConn. There is nothing to ask.
func (s *script) QueryRowContext(context.Context, string, ...any) *sql.Row { return nil }
