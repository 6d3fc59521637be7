package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Locked says that another process has the journal.
type Locked struct {
	Path  string
	PID   int       // 0 when the other process has not said yet who it is
	Since time.Time // zero when it has not
}

func (l *Locked) Error() string {
	if l.PID == 0 {
		return fmt.Sprintf("journal %s is in use by another process: use its server, or end it first", l.Path)
	}
	return fmt.Sprintf("journal %s is in use by process %d since %s: use its server, or end it first",
		l.Path, l.PID, l.Since.Local().Format(time.DateTime))
}

// A lock is an advisory lock of the kernel on a file beside the journal. The file stays when the lock is given up:
// removing it would let two processes lock two files of the same name.
type lock struct{ file *os.File }

// A holder is what the lock's file says about who has it.
type holder struct {
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
}

func acquire(path string) (*lock, error) {
	file, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the journal: %w", err)
	}
	if err := flock(file); err != nil {
		defer file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, heldBy(path, file)
		}
		return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	l := &lock{file}
	if err := l.sign(); err != nil {
		l.release()
		return nil, fmt.Errorf("write %s: %w", file.Name(), err)
	}
	return l, nil
}

// flock takes the lock without waiting, trying again when a signal comes between.
func flock(file *os.File) error {
	for {
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

func (l *lock) sign() error {
	text, err := json.Marshal(holder{PID: os.Getpid(), Started: time.Now().UTC()})
	if err != nil {
		return err
	}
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err = l.file.WriteAt(append(text, '\n'), 0)
	return err
}

// named reports whether the lock's file still has its name: else others do not see the lock.
func (l *lock) named() (bool, error) {
	there, err := os.Stat(l.file.Name())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	ours, statErr := l.file.Stat()
	if err = errors.Join(err, statErr); err != nil {
		return false, fmt.Errorf("look for the journal's lock: %w", err)
	}
	return os.SameFile(there, ours), nil
}

func (l *lock) release() error {
	return errors.Join(l.file.Truncate(0), l.file.Close()) // the lock goes with its last descriptor
}

func heldBy(path string, file *os.File) *Locked {
	locked := &Locked{Path: path}
	var h holder
	if text, err := io.ReadAll(io.NewSectionReader(file, 0, 4096)); err == nil && json.Unmarshal(text, &h) == nil {
		locked.PID, locked.Since = h.PID, h.Started
	}
	return locked
}
