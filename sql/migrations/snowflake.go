package migrations

import (
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/database/dialect"
)

// snowflakeOptions make goose keep versions in Snowflake, which it does not know, and keep it from opening transactions,
// which DDL would commit.
//
// Nothing keeps two processes from migrating at once: Snowflake has no advisory locks. Statements that may be run again
// make that harmless, but for the error that one of them may see.
var snowflakeOptions = []goose.ProviderOption{goose.WithStore(snowflakeStore()), goose.WithIsolateDDL(true)}

func snowflakeStore() database.Store {
	store, err := database.NewStoreFromQuerier(versionTable, snowflakeVersions{})
	if err != nil {
		panic("a table with a name has a store: " + err.Error())
	}
	return store
}

// snowflakeVersions are the statements about the table of versions. It has no generated number: Snowflake's do not promise
// an order, and versions have one.
type snowflakeVersions struct{}

var _ dialect.QuerierExtender = snowflakeVersions{}

func (snowflakeVersions) TableExists(table string) string {
	return fmt.Sprintf("SELECT COUNT(*) > 0 FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = CURRENT_SCHEMA() AND TABLE_NAME = '%s'", strings.ToUpper(table))
}

func (snowflakeVersions) CreateTable(table string) string {
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s (version_id BIGINT NOT NULL, is_applied BOOLEAN NOT NULL, tstamp TIMESTAMP_LTZ NOT NULL)", table)
}

func (snowflakeVersions) InsertVersion(table string) string {
	return fmt.Sprintf("INSERT INTO %s (version_id, is_applied, tstamp) SELECT ?, ?, CURRENT_TIMESTAMP()", table)
}

func (snowflakeVersions) DeleteVersion(table string) string {
	return fmt.Sprintf("DELETE FROM %s WHERE version_id = ?", table)
}

func (snowflakeVersions) GetMigrationByVersion(table string) string {
	return fmt.Sprintf("SELECT tstamp, is_applied FROM %s WHERE version_id = ? ORDER BY tstamp DESC LIMIT 1", table)
}

func (snowflakeVersions) ListMigrations(table string) string {
	return fmt.Sprintf("SELECT version_id, is_applied FROM %s ORDER BY tstamp DESC, version_id DESC", table)
}

func (snowflakeVersions) GetLatestVersion(table string) string {
	return fmt.Sprintf("SELECT MAX(version_id) FROM %s", table)
}
