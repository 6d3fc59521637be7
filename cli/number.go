package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// latency writes microseconds with the unit that suits them and three significant digits: "950µs", "48.2ms", "1.71s".
func latency(us float64) string {
	switch {
	case us < 999.5:
		return trim(us, 3) + "µs"
	case us < 999.5e3:
		return trim(us/1e3, 3) + "ms"
	case us < 60e6:
		return trim(us/1e6, 3) + "s"
	default:
		return span(time.Duration(us) * time.Microsecond)
	}
}

// trim writes a number with the given significant digits and without trailing zeros, never in exponent form.
func trim(x float64, digits int) string {
	if x == 0 {
		return "0"
	}
	decimals := max(0, digits-1-int(math.Floor(math.Log10(math.Abs(x)))))
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// span writes how long something takes as a person says it: "0s", "6m12s", "1h00m05s"; below ten seconds with tenths.
func span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + span(-d)
	case d < 10*time.Second:
		return trim(math.Round(d.Seconds()*10)/10, 2) + "s"
	}
	d = d.Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0:
		return fmt.Sprintf("%dh%02dm%02ds", h, m, s)
	case m > 0:
		return fmt.Sprintf("%dm%02ds", m, s)
	}
	return fmt.Sprintf("%ds", s)
}

// count writes a whole number with commas: 1,234,567.
func count(n int64) string {
	if n < 0 {
		return "-" + count(-n)
	}
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// rate writes operations per second: one decimal below 1,000, none above.
func rate(perSecond float64) string {
	if perSecond >= 999.95 {
		return count(int64(math.Round(perSecond)))
	}
	return strconv.FormatFloat(perSecond, 'f', 1, 64)
}

// percent writes a share from 0 to 1.
func percent(share float64) string { return trim(share*100, 3) + "%" }

// measure writes a value of a metric of an SLO in the metric's unit.
func measure(metric string, v float64) string {
	switch {
	case strings.HasPrefix(metric, "response."), strings.HasPrefix(metric, "service."), strings.HasPrefix(metric, "server."):
		return latency(v)
	case strings.HasPrefix(metric, "throughput."):
		return rate(v) + "/s"
	case strings.HasSuffix(metric, ".rate"):
		return percent(v)
	}
	return trim(v, 4)
}

// clock writes a time of day in UTC, as every line of the program shows it.
func clock(t time.Time) string { return t.UTC().Format("15:04:05Z") }

// when writes a moment in full, or "-" when there is none.
func when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
