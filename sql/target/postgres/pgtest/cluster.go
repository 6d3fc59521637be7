package pgtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A cluster is one data directory and the server on it.
type cluster struct {
	bin  string // folder of initdb and postgres
	dir  string // holds data, the socket and the log
	port int
	attr *syscall.SysProcAttr

	process *os.Process
	ended   chan struct{} // closed when process has ended
	watched io.Closer     // our end of the watcher's pipe
	watcher *exec.Cmd
}

// binaries finds the folder with initdb and postgres: the one in PATH, else the highest version where Debian puts them.
func binaries() (string, bool) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(path)) {
			return filepath.Dir(path), true
		}
	}
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", false
	}
	folders = slices.DeleteFunc(folders, func(dir string) bool { return !complete(dir) })
	if len(folders) == 0 {
		return "", false
	}
	return slices.MaxFunc(folders, func(a, b string) int { return cmp.Compare(version(a), version(b)) }), true
}

func complete(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// version reads 15 from /usr/lib/postgresql/15/bin, and 9.6 from the folder of that.
func version(bin string) float64 {
	v, err := strconv.ParseFloat(filepath.Base(filepath.Dir(bin)), 64)
	if err != nil {
		return 0
	}
	return v
}

// create makes a data directory and starts a server on it.
func create(bin string) (*cluster, error) {
	attr, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pgtest-")
	if err != nil {
		return nil, err
	}
	c := &cluster{bin: bin, dir: dir, attr: attr}
	if err := c.init(); err != nil {
		c.remove()
		return nil, fmt.Errorf("create a test server in %s: %w", dir, err)
	}
	if err := c.begin(); err != nil {
		c.remove()
		return nil, err
	}
	return c, nil
}

// unprivileged puts children into their own process group, out of reach of the terminal's Ctrl-C, and lets root run
// them as somebody else: PostgreSQL refuses to run as root.
func unprivileged() (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return attr, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return attr, nil
	}
	return nil, errors.New("a test server cannot run as root, and there is no user postgres or nobody to run it as")
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

// access lets role bench in, and asks everybody else for a password.
const access = `local all all              trust
host  all bench 127.0.0.1/32 trust
host  all all   127.0.0.1/32 scram-sha-256
`

// settings trade durability for speed; a crash of the server alone loses nothing. Statements are counted where the server
// can do that, for databases that have the extension pg_stat_statements.
const settings = `
listen_addresses = '127.0.0.1'
max_connections = 300
shared_buffers = 64MB
fsync = off
full_page_writes = off
`

func (c *cluster) init() error {
	if cred := c.attr.Credential; cred != nil {
		if err := os.Chown(c.dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return err
		}
	}
	if err := c.watch(); err != nil {
		return err
	}
	initdb := c.command("initdb", "-D", c.data(), "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(c.data(), "pg_hba.conf"), []byte(access), 0o600); err != nil {
		return err
	}
	conf, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	text := settings
	if _, err := os.Stat(filepath.Join(c.bin, "..", "lib", "pg_stat_statements.so")); err == nil {
		text += "shared_preload_libraries = 'pg_stat_statements'\n"
	}
	_, err = conf.WriteString(text)
	return errors.Join(err, conf.Close())
}

func (c *cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = c.attr
	return cmd
}

// tidy waits for the end of its input, stops the server whose data directory is $1/data and removes $1. The server
// removes its postmaster.pid last, after all its children have gone.
const tidy = `cat >/dev/null
pid=$1/data/postmaster.pid
n=0
[ -e "$pid" ] && kill -QUIT $(head -n 1 "$pid") && while [ -e "$pid" ] && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done
rm -rf "$1"
`

// watch starts the watcher. It lives as long as the cluster, and notices by itself when our process has gone.
func (c *cluster) watch() error {
	c.watcher = exec.Command("sh", "-c", tidy, "sh", c.dir)
	c.watcher.Dir = "/"
	c.watcher.SysProcAttr = c.attr
	pipe, err := c.watcher.StdinPipe()
	if err != nil {
		return err
	}
	c.watched = pipe
	return c.watcher.Start()
}

// begin starts the server for the first time. Somebody else may take the free port before the server does, so it tries
// a few.
func (c *cluster) begin() error {
	var err error
	for range 5 {
		if c.port, err = freePort(); err != nil {
			return err
		}
		if err = c.start(); err == nil {
			return nil
		}
	}
	return err
}

// start starts the server on its port and returns when it accepts connections.
func (c *cluster) start() error {
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := c.command("postgres", "-D", c.data(), "-k", c.dir, "-p", strconv.Itoa(c.port))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	c.process, c.ended = cmd.Process, ended
	go func() {
		defer close(ended)
		cmd.Wait()
	}()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgconn.Connect(ctx, c.dsn("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ended:
			return fmt.Errorf("the test server ended at its start:\n%s", c.log())
		case <-ctx.Done():
			c.stop()
			return fmt.Errorf("the test server does not answer: %w\n%s", err, c.log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server without a goodbye to its sessions, and waits until it is gone.
func (c *cluster) stop() {
	if c.process == nil {
		return
	}
	c.process.Signal(syscall.SIGQUIT)
	<-c.ended
	c.process = nil
}

// remove stops the server and leaves the rest to the watcher.
func (c *cluster) remove() {
	c.stop()
	if c.watched == nil {
		os.RemoveAll(c.dir)
		return
	}
	c.watched.Close()
	c.watcher.Wait()
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
