// Package migrations holds the tables of bench, one folder of numbered SQL files for each dialect, and brings a database
// to the newest of them. The same number and name mean the same tables in every dialect; a file that has been released is
// never changed.
//
// Applied numbers are kept in the table bench_schema_version, apart from what other programs that use goose may keep in
// the same database.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"bench/sql/dialect"
)

//go:embed sqlite/*.sql postgres/*.sql snowflake/*.sql
var files embed.FS

const versionTable = "bench_schema_version"

// A keeper is how a dialect keeps versions.
type keeper struct {
	goose   goose.Dialect
	exists  string // query: is there a version table?
	options []goose.ProviderOption
}

// named is for the dialects that goose knows: it keeps versions itself.
var named = []goose.ProviderOption{goose.WithTableName(versionTable)}

var keepers = map[string]keeper{
	dialect.SQLite.Name: {goose.DialectSQLite3,
		"SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '" + versionTable + "')", named},
	dialect.Postgres.Name:  {goose.DialectPostgres, "SELECT to_regclass('" + versionTable + "') IS NOT NULL", named},
	dialect.Snowflake.Name: {goose.DialectCustom, snowflakeVersions{}.TableExists(versionTable), snowflakeOptions},
}

// A Set is the migrations of one dialect against one database.
type Set struct {
	db       *sql.DB
	provider *goose.Provider
	exists   string
	latest   int64
}

// A Migration is one numbered file.
type Migration struct {
	Version int64
	Name    string    // of its file, "00001_runs"
	Applied time.Time // zero when it is pending
}

// Open makes the set for a database, which stays the caller's to close. The database is not touched.
func Open(dialect string, db *sql.DB) (*Set, error) {
	folder, err := folder(dialect)
	if err != nil {
		return nil, err
	}
	options := append([]goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}, keepers[dialect].options...)
	provider, err := goose.NewProvider(keepers[dialect].goose, db, folder, options...)
	if err != nil {
		return nil, fmt.Errorf("read the migrations of %s: %w", dialect, err)
	}
	sources := provider.ListSources()
	return &Set{db, provider, keepers[dialect].exists, sources[len(sources)-1].Version}, nil
}

// Latest is the newest version that this program knows.
func (s *Set) Latest() int64 { return s.latest }

// Current is the version of the database, 0 when it has none of our tables. It only reads.
func (s *Set) Current(ctx context.Context) (int64, error) {
	var exists bool
	if err := s.db.QueryRowContext(ctx, s.exists).Scan(&exists); err != nil {
		return 0, fmt.Errorf("look for the table %s: %w", versionTable, err)
	}
	if !exists {
		return 0, nil
	}
	var version int64
	if err := s.db.QueryRowContext(ctx, "SELECT MAX(version_id) FROM "+versionTable).Scan(&version); err != nil {
		return 0, fmt.Errorf("read the table %s: %w", versionTable, err)
	}
	return version, nil
}

// Status lists every migration in order, and when it was applied. It only reads.
func (s *Set) Status(ctx context.Context) ([]Migration, error) {
	current, err := s.Current(ctx)
	if err != nil {
		return nil, err
	}
	var status []Migration
	if current == 0 { // goose would make its table first
		for _, source := range s.provider.ListSources() {
			status = append(status, migration(source, time.Time{}))
		}
		return status, nil
	}
	list, err := s.provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read which migrations are applied: %w", err)
	}
	for _, m := range list {
		status = append(status, migration(m.Source, m.AppliedAt))
	}
	return status, nil
}

// Up applies what is pending, and returns what it applied. Each migration is a transaction of its own, but on Snowflake,
// which commits each DDL statement by itself: there, a migration that failed half-way is run again from its start. Tables of
// a newer program are an error.
func (s *Set) Up(ctx context.Context) ([]Migration, error) {
	current, err := s.Current(ctx)
	if err != nil {
		return nil, err
	}
	if current > s.latest {
		return nil, fmt.Errorf("the tables have version %d, and this program knows them up to version %d: use a newer bench", current, s.latest)
	}
	results, err := s.provider.Up(ctx)
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		return applied(partial.Applied), fmt.Errorf("apply migration %s: %w", name(partial.Failed.Source), partial.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("apply migrations: %w", err)
	}
	return applied(results), nil
}

// Down takes back the newest migration that is applied, with all that its tables hold, and returns it.
func (s *Set) Down(ctx context.Context) (Migration, error) {
	result, err := s.provider.Down(ctx)
	if errors.Is(err, goose.ErrNoNextVersion) {
		return Migration{}, errors.New("there is no migration to take back: none is applied")
	}
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		return Migration{}, fmt.Errorf("take back migration %s: %w", name(partial.Failed.Source), partial.Err)
	}
	if err != nil {
		return Migration{}, fmt.Errorf("take back a migration: %w", err)
	}
	return migration(result.Source, time.Time{}), nil
}

func folder(name string) (fs.FS, error) {
	d, err := dialect.Named(name)
	if err != nil {
		return nil, err
	}
	return fs.Sub(files, d.Name)
}

func applied(results []*goose.MigrationResult) []Migration {
	var list []Migration
	for _, r := range results {
		list = append(list, migration(r.Source, time.Now()))
	}
	return list
}

func migration(source *goose.Source, at time.Time) Migration {
	return Migration{Version: source.Version, Name: name(source), Applied: at}
}

func name(source *goose.Source) string { return strings.TrimSuffix(path.Base(source.Path), ".sql") }
