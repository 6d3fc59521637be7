package engine

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"bench/runtime/bench"
)

// recentSeconds is how far back the counts of a recent go.
const recentSeconds = 10

// A recent counts the reports of the last ten seconds, and those of them that were left out of the aggregate.
type recent struct{ slots [recentSeconds]recentSlot }

type recentSlot struct {
	second   int64
	received int64
	left     map[string]int64 // by reason
}

func (c *recent) add(now time.Time, excluded string) {
	slot := &c.slots[now.Unix()%recentSeconds]
	if slot.second != now.Unix() {
		*slot = recentSlot{second: now.Unix()}
	}
	slot.received++
	if excluded != "" {
		if slot.left == nil {
			slot.left = map[string]int64{}
		}
		slot.left[excluded]++
	}
}

// count is how many were received and left out, and the most frequent reason.
func (c *recent) count(now time.Time) (received, excluded int64, why string) {
	by := map[string]int64{}
	for i := range c.slots {
		if slot := &c.slots[i]; now.Unix()-slot.second < recentSeconds {
			received += slot.received
			for reason, n := range slot.left {
				by[reason] += n
				excluded += n
			}
		}
	}
	if order := frequent(by); len(order) > 0 {
		why = order[0]
	}
	return received, excluded, why
}

// frequent are the keys of counts, the largest count first.
func frequent(counts map[string]int64) []string {
	var keys []string
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if counts[a] != counts[b] {
			return int(counts[b] - counts[a])
		}
		return strings.Compare(a, b)
	})
	return keys
}

// Refusals are reports that were not taken in, by reason. The plane counts those that it refuses itself, and the server
// those that never reach it. The zero value works; methods may be called from any goroutine.
type Refusals struct {
	mu   sync.Mutex
	by   map[string]int64
	last time.Time
}

// Add counts one.
func (f *Refusals) Add(reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.by == nil {
		f.by = map[string]int64{}
	}
	f.by[reason]++
	f.last = time.Now()
}

// Into adds the counts to those of a plane.
func (f *Refusals) Into(p *bench.LivePlane, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	words := []string{}
	if p.RefusedWhy != "" {
		words = append(words, p.RefusedWhy)
	}
	for _, reason := range frequent(f.by) {
		p.Refused += f.by[reason]
		words = append(words, fmt.Sprintf("%s %d", reason, f.by[reason]))
	}
	p.RefusedWhy = strings.Join(words, ", ")
	if age := since(f.last, now); age >= 0 && (p.RefusedS < 0 || age < p.RefusedS) {
		p.RefusedS = age
	}
}

func (f *Refusals) plane(now time.Time) bench.LivePlane {
	p := bench.LivePlane{RefusedS: -1}
	f.Into(&p, now)
	return p
}
