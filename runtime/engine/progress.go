package engine

import (
	"context"
	"sync"
)

// progress is how far a worker's reports are durable. The writer moves it, acknowledgements read it.
type progress struct {
	mu      sync.Mutex
	seq     int64
	changed chan struct{} // closed and replaced with each step
}

func newProgress() *progress { return &progress{changed: make(chan struct{})} }

func (p *progress) reach(seq int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if seq > p.seq {
		p.seq = seq
		close(p.changed)
		p.changed = make(chan struct{})
	}
}

func (p *progress) load() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seq
}

// wait waits until seq is durable, or ctx ends.
func (p *progress) wait(ctx context.Context, seq int64) {
	for {
		p.mu.Lock()
		reached, changed := p.seq >= seq, p.changed
		p.mu.Unlock()
		if reached {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
