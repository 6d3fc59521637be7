package worker

import (
	"runtime/metrics"
	"sync"
	"syscall"
	"time"
)

// usage measures what this process takes from its host, so that a saturated generator can be told from a slow target.
type usage struct {
	mu   sync.Mutex
	at   time.Time
	busy time.Duration
	last float64
}

// read returns the processor time since the reading before in percent of one core, and the memory that the Go runtime has from
// its host in bytes. It does not stop the world, as runtime.ReadMemStats would: it is called each second while others measure.
func (u *usage) read() (cpu float64, memory int64) {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0, 0
	}
	busy := time.Duration(r.Utime.Nano() + r.Stime.Nano())
	held := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(held)
	u.mu.Lock()
	defer u.mu.Unlock()
	if now := time.Now(); now.Sub(u.at) >= 500*time.Millisecond {
		if !u.at.IsZero() {
			u.last = 100 * float64(busy-u.busy) / float64(now.Sub(u.at))
		}
		u.at, u.busy = now, busy
	}
	return u.last, int64(held[0].Value.Uint64() - held[1].Value.Uint64())
}
