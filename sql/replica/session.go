package replica

import (
	"context"
	"fmt"
	"time"

	"bench/runtime/bench"
)

// A line is a connection over which portions go to a replica.
type line interface {
	// portion collects what goes over the line next.
	portion() *portion
	// progress reads how far a journal has been fed; one that was never fed begins at 0.
	progress(ctx context.Context, journal string) (int64, error)
	// send feeds the portion and moves the journal's progress from after to upto, all or nothing; it is false, and nothing is
	// fed, when the progress does not stand at after.
	send(ctx context.Context, journal string, after, upto, head int64) (bool, error)
	// warehouse is what works for the line, and costs for as long as it is up; nil where there is no such thing.
	warehouse() *bench.Warehouse
	close()
}

// goodbye is how long taking leave of a server may take.
const goodbye = time.Second

// A session is a line to a replica that is ready to be fed by one journal.
type session struct {
	line
	server   server
	journal  string
	position int64 // change up to which the replica has been fed
}

// open connects, brings the replica's tables up to date, and finds out how far the journal has been fed. answered hears that
// the replica is there.
func open(ctx context.Context, at server, journal string, limit time.Duration, answered func()) (*session, error) {
	if err := migrate(ctx, at, answered); err != nil {
		return nil, err
	}
	line, err := at.open(ctx, limit)
	if err != nil {
		return nil, err
	}
	s := &session{line: line, server: at, journal: journal}
	if err := s.locate(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) locate(ctx context.Context) (err error) {
	s.position, err = s.progress(ctx, s.journal)
	return within(ctx, s.server, "read how far it has been fed", err)
}

// feed sends the portion, and moves the position to its end. When the replica turns out to stand elsewhere, nothing is
// written and the position is read again: an earlier portion of which no answer came has been carried out after all, or
// somebody has set the replica's progress back.
func (s *session) feed(ctx context.Context, upto, head int64) error {
	moved, err := s.send(ctx, s.journal, s.position, upto, head)
	if err != nil {
		return within(ctx, s.server, fmt.Sprintf("feed changes %d to %d", s.position+1, upto), err)
	}
	if !moved {
		return s.locate(ctx)
	}
	s.position = upto
	return nil
}
