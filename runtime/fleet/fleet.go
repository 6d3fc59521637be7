// Package fleet keeps the workers of runs alive: in the server's own process, or in a process each. A fleet's Work runs one
// worker to its end and says why it ended; whoever calls it decides what that means. When its context ends, the worker ends at
// once: a process is killed with everything that it started.
package fleet

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bench/runtime/worker"
)

// Local runs workers as goroutines of this process.
type Local struct {
	// Config makes what a worker needs; Run, Slot and Instance are filled in.
	Config func() worker.Config
}

// Work runs one worker.
func (l Local) Work(ctx context.Context, run string, slot int) error {
	c := l.Config()
	c.Run, c.Slot, c.Instance = run, slot, Instance()
	return worker.Run(ctx, c)
}

// Instance is a name that no other start of a worker has.
func Instance() string { return rand.Text() }

// Process runs each worker in a process of its own, in a process group of its own, so that the Ctrl-C of a terminal does not
// reach it.
type Process struct {
	// Command makes the command of a worker, with what it needs in its environment. Its output and process attributes
	// are the fleet's.
	Command func(run string, slot int) (*exec.Cmd, error)
}

// grace is how long a process may take to end after it was asked to, before it is killed.
const grace = 2 * time.Second

// Work runs one worker. Its error holds the process's exit status and the end of what it wrote to stderr.
func (p Process) Work(ctx context.Context, run string, slot int) error {
	cmd, err := p.Command(run, slot)
	if err != nil {
		return fmt.Errorf("make the command of worker %d: %w", slot, err)
	}
	said := &tail{}
	cmd.Stdout, cmd.Stderr = nil, said
	cmd.WaitDelay = grace
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start worker %d: %w", slot, err)
	}
	ended := make(chan error, 1) // one value
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		signal(cmd, syscall.SIGTERM)
		select {
		case err = <-ended:
		case <-time.After(grace):
			signal(cmd, syscall.SIGKILL)
			err = <-ended
		}
	}
	if err == nil {
		return nil
	}
	if text := said.String(); text != "" {
		return fmt.Errorf("%w: %s", err, text)
	}
	return err
}

// Watch waits for the end of a worker that a server before this one started, and kills it when ctx ends. A process that
// has another worker's environment, or none, is not the one: it has ended, and its number is used again.
func (p Process) Watch(ctx context.Context, run string, slot, pid int) error {
	gone := fmt.Errorf("process %d had ended when this server came", pid)
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return gone
	}
	defer unix.Close(fd)
	if !isWorker(pid, run, slot) {
		return gone
	}
	end := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	stop := context.AfterFunc(ctx, func() {
		unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0) // it has had its time to end by itself
	})
	defer stop()
	for {
		n, err := unix.Poll(end, -1)
		if n > 0 {
			break
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("watch process %d: %w", pid, err)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("process %d ended", pid)
}

// isWorker reports whether a process was started as this worker of this run.
func isWorker(pid int, run string, slot int) bool {
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return false
	}
	variables := strings.Split(string(environ), "\x00")
	return slices.Contains(variables, "BENCH_RUN="+run) && slices.Contains(variables, fmt.Sprintf("BENCH_SLOT=%d", slot))
}

// signal reaches the whole process group.
func signal(cmd *exec.Cmd, s syscall.Signal) {
	if err := syscall.Kill(-cmd.Process.Pid, s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		cmd.Process.Signal(s)
	}
}

// A tail keeps the last line that a process wrote, which says why it ended.
type tail struct {
	mu   sync.Mutex
	last []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, b...)
	if over := len(t.last) - tailBytes; over > 0 {
		t.last = t.last[over:]
	}
	return len(b), nil
}

// String is the last line with something in it.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(t.last), []byte("\n"))
	return strings.TrimSpace(string(lines[len(lines)-1]))
}
