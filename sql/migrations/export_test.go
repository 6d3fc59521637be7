package migrations

// SnowflakeVersionStatements are all statements about the table of versions.
func SnowflakeVersionStatements() []string {
	v := snowflakeVersions{}
	return []string{
		v.TableExists(versionTable), v.CreateTable(versionTable), v.InsertVersion(versionTable), v.DeleteVersion(versionTable),
		v.GetMigrationByVersion(versionTable), v.ListMigrations(versionTable), v.GetLatestVersion(versionTable),
	}
}
