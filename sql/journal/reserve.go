package journal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// reserveSize is the room on the disk that a journal keeps for what its runs end with: more than the histograms of a run
// with a hundred workloads take.
const reserveSize = 4 << 20

// A reserve is a file beside the journal that is there only to be deleted: on a disk that is full, the end of a run, with
// its reason and what it measured, takes its place.
type reserve string

// keep makes the file, unless it is there. It holds what no file system can make smaller.
func (r reserve) keep() error {
	if info, err := os.Stat(string(r)); err == nil && info.Size() == reserveSize {
		return nil
	}
	f, err := os.OpenFile(string(r), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("keep a reserve for the journal: %w", err)
	}
	_, err = io.CopyN(f, rand.Reader, reserveSize)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("keep a reserve for the journal: %w", errors.Join(err, os.Remove(string(r))))
	}
	return nil
}

// spend frees the room. It is false when there was none.
func (r reserve) spend() bool { return os.Remove(string(r)) == nil }

// full reports whether a write failed for want of room.
func full(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_FULL
}
