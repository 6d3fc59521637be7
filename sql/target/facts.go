package target

import (
	"fmt"
	"slices"
	"time"
)

// TooMany is the error of a query that returns more rows than its caller wants.
func TooMany(limit int) error {
	return fmt.Errorf("the query returns more than %d rows: add a LIMIT", limit)
}

// RoundTrip is the median time of 20 calls, the first of which warms up and does not count.
func RoundTrip(call func() error) (time.Duration, error) {
	times := make([]time.Duration, 0, 20)
	for i := range cap(times) + 1 {
		start := time.Now()
		if err := call(); err != nil {
			return 0, err
		}
		if i > 0 {
			times = append(times, time.Since(start))
		}
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
