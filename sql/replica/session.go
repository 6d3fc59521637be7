package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"bench/runtime/bench"
	"bench/sql/dialect"
	"bench/sql/migrations"
)

// A session is a connection to a replica that is ready to be fed by one journal.
type session struct {
	conn      *pgx.Conn
	config    *pgx.ConnConfig
	journal   string
	statement *statement
	position  int64 // change up to which the replica has been fed
}

// open connects, brings the replica's tables up to date, and finds out how far the journal has been fed.
func open(ctx context.Context, config *pgx.ConnConfig, journal string, limit string) (_ *session, err error) {
	if err := migrate(ctx, config); err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, refused(ctx, config, err)
	}
	s := &session{conn: conn, config: config, journal: journal}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	// The server ends a statement whose client has given it up, so that it does not hold up the next one for long.
	if _, err := conn.Exec(ctx, "SELECT set_config('statement_timeout', $1, false)", limit); err != nil {
		return nil, s.failed(ctx, "set up the session", err)
	}
	if s.statement, err = newStatement(ctx, conn); err != nil {
		return nil, s.failed(ctx, "read its tables", err)
	}
	return s, s.locate(ctx)
}

// migrate applies what is pending. A replica of a newer program is refused, since this one does not know its tables.
func migrate(ctx context.Context, config *pgx.ConnConfig) error {
	db := openDB(config)
	defer db.Close()
	set, err := migrations.Open(dialect.Postgres.Name, db)
	if err != nil {
		return err
	}
	current, err := set.Current(ctx)
	if err != nil {
		return within(ctx, config, "read the version of its tables", err)
	}
	if current > set.Latest() {
		return newer(config, current, set.Latest())
	}
	if current < set.Latest() {
		if _, err := set.Up(ctx); err != nil {
			return within(ctx, config, "bring its tables up to date", err)
		}
	}
	return nil
}

func newer(config *pgx.ConnConfig, version, known int64) error {
	return fmt.Errorf("%s has tables of version %d, and this program knows them up to version %d: use a newer bench",
		place(config), version, known)
}

// locate reads how far the journal has been fed; one that was never fed begins at 0.
func (s *session) locate(ctx context.Context) error {
	_, err := s.conn.Exec(ctx, `INSERT INTO REPLICA_PROGRESS (JOURNAL_ID, FED_CHANGE_NO, HEAD_CHANGE_NO, FED_AT)
		VALUES ($1, 0, 0, clock_timestamp()) ON CONFLICT DO NOTHING`, s.journal)
	if err == nil {
		err = s.conn.QueryRow(ctx, "SELECT FED_CHANGE_NO FROM REPLICA_PROGRESS WHERE JOURNAL_ID = $1", s.journal).Scan(&s.position)
	}
	return s.failed(ctx, "read how far it has been fed", err)
}

// feed sends the portion that the statement holds, and moves the position to its end. When the replica turns out to
// stand elsewhere, nothing is written and the position is read again: an earlier statement of which no answer came has
// been carried out after all, or somebody has set the replica's progress back.
func (s *session) feed(ctx context.Context, upto, head int64) error {
	moved, err := s.statement.run(ctx, s.conn, s.journal, s.position, upto, head)
	if err != nil {
		return s.failed(ctx, fmt.Sprintf("feed changes %d to %d", s.position+1, upto), err)
	}
	if !moved {
		return s.locate(ctx)
	}
	s.position = upto
	return nil
}

func (s *session) failed(ctx context.Context, doing string, err error) error {
	return within(ctx, s.config, doing, err)
}

// within says which replica failed at what, without secrets and without values of rows.
func within(ctx context.Context, config *pgx.ConnConfig, doing string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*bench.Error](err); ok { // it could not be reached, and says so itself
		return e
	}
	return fmt.Errorf("%s: %s: %s", place(config), doing, cause(ctx, err))
}

// goodbye is how long taking leave of a server may take.
const goodbye = time.Second

// close takes leave of the server, unless the connection is lost.
func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	s.conn.Close(ctx)
}
