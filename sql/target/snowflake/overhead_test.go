package snowflake_test

import (
	"bufio"
	"database/sql/driver"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	sf "github.com/snowflakedb/gosnowflake/v2"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target/snowflake/snowtest"
)

const lookup = "SELECT VALUE FROM T WHERE ID = ?"

// TestServe is the stand-in in a process of its own, for BenchmarkOverhead, which counts the processor time of this one.
func TestServe(t *testing.T) {
	if os.Getenv("BENCH_SNOWTEST_SERVE") == "" {
		t.Skip("it only serves BenchmarkOverhead")
	}
	s := snowtest.Start(t)
	s.Respond(func(snowtest.Statement) snowtest.Answer { return snowtest.Numbers(1) })
	host, port := s.Address()
	fmt.Printf("http://%s:%d\n", host, port)
	io.Copy(io.Discard, os.Stdin)
}

// serve starts TestServe and returns its address.
func serve(b *testing.B) string {
	cmd := exec.Command(os.Args[0], "-test.run=^TestServe$")
	cmd.Env = append(cmd.Environ(), "BENCH_SNOWTEST_SERVE=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(address)
}

// cpu is the processor time of this process so far.
func cpu(b *testing.B) time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// What a statement costs the client, against the driver alone, in turns: at most 1.2 times.
func BenchmarkOverhead(b *testing.B) {
	address := serve(b)
	u, err := url.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		b.Fatal(err)
	}
	bare, err := sf.NewConnector(sf.SnowflakeDriver{}, sf.Config{
		Protocol: "http", Host: u.Hostname(), Port: port, Account: "acme", User: "u", Password: "p", MaxRetryCount: -1, DisableOCSPChecks: true,
		Params: map[string]*string{"CLIENT_TELEMETRY_ENABLED": new("false"), "GO_QUERY_RESULT_FORMAT": new("JSON")},
	}).Connect(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	conn := connect(b, open(b, bench.Target{
		Kind: "snowflake", Options: map[string]string{"account": "acme", "user": "u", "url": address}, Secrets: map[string]bench.Secret{"password": "p"},
	}), lookup)
	conn.(load.Tagger).Tag(bench.PhaseMeasurement, "lookup")

	dest := make([]driver.Value, 1)
	driverAlone := func(id int64) error {
		rows, err := bare.(driver.QueryerContext).QueryContext(b.Context(), lookup, []driver.NamedValue{{Ordinal: 1, Value: id}})
		if err != nil {
			return err
		}
		defer rows.Close()
		for {
			if err := rows.Next(dest); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
	call := &load.Call{Args: []bench.Value{{}}, Fetch: "all", Keep: true}
	ours := func(id int64) error {
		call.Args[0] = bench.IntValue(id)
		return conn.Exec(b.Context(), call)
	}
	var spent [2]time.Duration
	n := 0
	for b.Loop() {
		for i, run := range []func(int64) error{driverAlone, ours} {
			start := cpu(b)
			for range 50 { // a turn, long enough for the clock of processor time
				n++
				if err := run(int64(n)); err != nil {
					b.Fatal(err)
				}
			}
			spent[i] += cpu(b) - start
		}
	}
	each := float64(n) / 2
	ratio := float64(spent[1]) / float64(spent[0])
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(spent[0].Nanoseconds())/each, "driver-cpu-ns/statement")
	b.ReportMetric(float64(spent[1].Nanoseconds())/each, "bench-cpu-ns/statement")
	b.ReportMetric(ratio, "times-the-driver")
	if b.N >= 20 && ratio > 1.2 {
		b.Errorf("a statement costs %.2f times what the driver alone costs, want at most 1.2", ratio)
	}
}
