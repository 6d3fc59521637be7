package replica

import (
	"database/sql"

	"bench/sql/migrations"
)

// A Schema is the tables of a replica apart from what they hold, for whoever wants to see or change their version. Servers
// that feed the replica bring it to the newest version by themselves, also after Down.
type Schema struct {
	*migrations.Set
	db *sql.DB
}

// OpenSchema makes the schema of the replica at an address. Nothing is connected yet. The error says that the address
// cannot be read.
func OpenSchema(dsn string) (*Schema, error) {
	server, err := serverAt(dsn, nil)
	if err != nil {
		return nil, err
	}
	db := server.db()
	set, err := migrations.Open(server.dialect().Name, db)
	if err != nil {
		db.Close()
		return nil, err
	}
	return &Schema{set, db}, nil
}

// Close ends the connections to the replica.
func (s *Schema) Close() error { return s.db.Close() }
