package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"bench/runtime/bench"
	"bench/server/api"
)

// ReadServerFile reads the server.json beside a journal. There is none: the error is fs.ErrNotExist.
func ReadServerFile(path string) (*api.ServerFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := new(api.ServerFile)
	if err := json.Unmarshal(text, f); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if f.URL == "" || f.Token == "" || f.PID <= 0 {
		return nil, fmt.Errorf("read %s: url, pid or token is missing", path)
	}
	return f, nil
}

// discoverTimeout is enough for a server on the same machine.
const discoverTimeout = 2 * time.Second

// Discover is the live server of a server.json, nil if the file is not there or is one that a dead server left behind.
// Alive means that its process is there and that it answers and takes the token. The client follows the file.
func Discover(ctx context.Context, path string) (*Client, error) {
	f, err := ReadServerFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, bench.Errorf(bench.CodeUnreachable, "%w; no server leaves such a file, so remove it", err)
	}
	if !alive(f.PID) {
		return nil, nil
	}
	c := New(f.URL, f.Token).Beside(path)
	limited, cancel := context.WithTimeout(ctx, discoverTimeout)
	defer cancel()
	if _, err := c.Runs(limited, 1, ""); err != nil {
		c.Close()
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case bench.CodeOf(err) == bench.CodeUnreachable, bench.CodeOf(err) == bench.CodeUnauthorized:
			return nil, nil // its process number or its port has gone to another program
		}
		return nil, fmt.Errorf("ask the server of %s: %w", path, err)
	}
	return c, nil
}

// alive reports whether a process is there, also one of another user.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, fs.ErrPermission)
}
