package engine

import (
	"context"
	"sync"

	"bench/runtime/bench"
)

// A feed is the events of one run as workers wait for them.
type feed struct {
	mu      sync.Mutex
	events  []bench.Event
	changed chan struct{} // closed and replaced with each event
	ended   bool
}

func newFeed() *feed { return &feed{changed: make(chan struct{})} }

func (f *feed) add(e bench.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
	close(f.changed)
	f.changed = make(chan struct{})
}

// end lets nobody wait any more.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ended {
		f.ended = true
		close(f.changed)
	}
}

// after waits until there are events after a sequence number; none when ctx ends or the feed has.
func (f *feed) after(ctx context.Context, sequence int64) []bench.Event {
	for {
		f.mu.Lock()
		for i, e := range f.events {
			if e.Sequence > sequence {
				events := f.events[i:len(f.events):len(f.events)]
				f.mu.Unlock()
				return events
			}
		}
		changed, ended := f.changed, f.ended
		f.mu.Unlock()
		if ended {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}
