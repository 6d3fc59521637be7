package cli

import (
	"testing"
	"time"
)

func TestNumbersReadAsAPersonSaysThem(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{latency(0), "0µs"},
		{latency(7), "7µs"},
		{latency(999), "999µs"},
		{latency(999.7), "1ms"},
		{latency(48_210), "48.2ms"},
		{latency(999_600), "1s"},
		{latency(1_714_000), "1.71s"},
		{latency(59_999_999), "60s"},
		{latency(372e6), "6m12s"},
		{span(0), "0s"},
		{span(400 * time.Millisecond), "0.4s"},
		{span(9 * time.Second), "9s"},
		{span(59_900 * time.Millisecond), "1m00s"},
		{span(3605 * time.Second), "1h00m05s"},
		{span(-2 * time.Second), "-2s"},
		{count(0), "0"},
		{count(999), "999"},
		{count(1000), "1,000"},
		{count(-1_234_567), "-1,234,567"},
		{rate(0), "0.0"},
		{rate(42.66), "42.7"},
		{rate(999.96), "1,000"},
		{rate(12_345.4), "12,345"},
		{percent(0), "0%"},
		{percent(0.0012), "0.12%"},
		{percent(1), "100%"},
		{measure("response.p95", 50_000), "50ms"},
		{measure("throughput.ok", 120), "120.0/s"},
		{measure("errors.rate", 0.01), "1%"},
		{when(nil), "-"},
		{when(new(time.Unix(0, 0))), "1970-01-01 00:00:00Z"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
