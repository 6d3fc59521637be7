package replica

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// openDB is a replica for database/sql, as migrations and reading need it. A connection that was idle is tried before it is
// used, however short that was, so that whoever uses it need not know what became of its server. It costs a round trip.
func openDB(config *pgx.ConnConfig) *sql.DB {
	try := stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return true })
	return sql.OpenDB(connector{stdlib.GetConnector(*config, try), config})
}

// A connector says of a replica that is not there which one it is.
type connector struct {
	driver.Connector
	config *pgx.ConnConfig
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, refused(ctx, c.config, err)
	}
	return conn, nil
}
