package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// own makes sure that what is written now is what others find, and that nobody else writes. Whoever removes the journal's file
// leaves us one without a name, and whoever removes the lock's frees the lock: it is taken again, unless another was faster.
func (j *Journal) own() error {
	switch there, err := os.Stat(j.path); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the journal's file %s was removed", j.path)
	case err != nil:
		return fmt.Errorf("look for the journal's file: %w", err)
	case !os.SameFile(there, j.file):
		return fmt.Errorf("the journal's file %s was replaced by another", j.path)
	}
	named, err := j.lock.named()
	if named || err != nil {
		return err
	}
	again, err := acquire(j.path)
	if err != nil {
		return fmt.Errorf("the journal's lock was removed: %w", err)
	}
	j.lock.release() // nobody can see it any more
	j.lock = again
	return nil
}
