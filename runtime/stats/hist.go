package stats

import "math/bits"

// The range of a Hist, in microseconds: up to one day.
const (
	Lowest  = 1
	Highest = 86_400_000_000
	digits  = 3 // significant decimal digits
)

// The buckets are those of HdrHistogram: below 2^11, the first power of two above 2·10^digits, every value has a slot of its
// own; above, each doubling of the value is cut into 1024 slots, so that no slot is wider than a
// thousandth of its values. See http://hdrhistogram.org and its reference implementation, AbstractHistogram.java.
const (
	subBits = 11                    // every value below 1<<subBits has its own slot
	half    = 1 << (subBits - 1)    // slots of each doubling above
	pages   = 28                    // as many times half are the slots of the whole range
	topSlot = 26*half + Highest>>26 // of the value Highest
)

// A Hist is a histogram of latencies in microseconds, from [Lowest] to [Highest], with three significant digits: a
// percentile read from it is never more than 0.1 % off. Count, Sum, Min and Max are exact. The zero value is empty and
// ready to use. It takes 8 KiB for each doubling of the latency that it has met a value in, 224 KiB at most. A Hist is not
// safe for concurrent use.
type Hist struct {
	pages    [pages]*page // nil where there never was a value
	count    int64
	sum      int64
	min, max int64 // of an empty one: 0
	overflow int64
}

type page [half]int64

// Record adds one value in microseconds. A value below Lowest counts as Lowest, one above Highest as Highest and also
// in Overflow.
func (h *Hist) Record(us int64) {
	if uint64(us-Lowest) > Highest-Lowest {
		us = h.clamp(us)
	}
	*h.at(slotOf(us))++
	h.sum += us
	if h.count == 0 || us < h.min {
		h.min = us
	}
	h.max = max(h.max, us)
	h.count++
}

func (h *Hist) clamp(us int64) int64 {
	if us < Lowest {
		return Lowest
	}
	h.overflow++
	return Highest
}

// at is the count of a slot, to be changed.
func (h *Hist) at(slot int) *int64 {
	p := h.pages[slot/half]
	if p == nil {
		p = new(page)
		h.pages[slot/half] = p
	}
	return &p[slot%half]
}

// in is the count of a slot.
func (h *Hist) in(slot int) int64 {
	if p := h.pages[slot/half]; p != nil {
		return p[slot%half]
	}
	return 0
}

// used is the pages from that of the smallest value to that of the largest.
func (h *Hist) used() (first, last int) { return slotOf(h.min) / half, slotOf(h.max) / half }

// Count is how many values were recorded.
func (h *Hist) Count() int64 { return h.count }

// Sum is the exact sum of the values, in microseconds.
func (h *Hist) Sum() int64 { return h.sum }

// Min is the smallest value; 0 when there is none.
func (h *Hist) Min() int64 { return h.min }

// Max is the largest value; 0 when there is none.
func (h *Hist) Max() int64 { return h.max }

// Overflow is how many values were above Highest. They stand in the histogram as Highest, so that a percentile among
// them is a lower bound.
func (h *Hist) Overflow() int64 { return h.overflow }

// Mean is the mean of the values; 0 when there is none.
func (h *Hist) Mean() float64 { return float64(h.sum) / float64(max(h.count, 1)) }

// Quantile is the value of rank ⌈count·num/den⌉ (the nearest-rank definition), at least rank 1: Quantile(999, 1000) is
// p99.9 and Quantile(1, 1) is Max. num must not exceed den. The value is the largest that its slot stands for, as is
// HdrHistogram's convention, but never above Max. It is 0 when there is no value.
//
// The rank is computed in integers because in floating point 99.9/100·n can come out one rank off.
func (h *Hist) Quantile(num, den int64) int64 {
	if h.count == 0 {
		return 0
	}
	return min(highestIn(h.slotAt(rank(h.count, num, den))), h.max)
}

// Merge adds all values of other.
func (h *Hist) Merge(other *Hist) {
	if other.count == 0 {
		return
	}
	first, last := other.used()
	for i := first; i <= last; i++ {
		from := other.pages[i]
		if from == nil {
			continue
		}
		if h.pages[i] == nil {
			h.pages[i] = new(page)
		}
		into := h.pages[i]
		for j, n := range from {
			into[j] += n
		}
	}
	if h.count == 0 || other.min < h.min {
		h.min = other.min
	}
	h.max = max(h.max, other.max)
	h.count += other.count
	h.sum += other.sum
	h.overflow += other.overflow
}

// Reset makes it empty and keeps its memory.
func (h *Hist) Reset() {
	first, last := h.used()
	for _, p := range h.pages[first : last+1] {
		if p != nil {
			clear(p[:])
		}
	}
	*h = Hist{pages: h.pages}
}

// Equal reports whether both hold the same values, slot by slot.
func (h *Hist) Equal(other *Hist) bool {
	if h.count != other.count || h.sum != other.sum || h.min != other.min || h.max != other.max || h.overflow != other.overflow {
		return false
	}
	for i := slotOf(h.min); i <= slotOf(h.max); i++ {
		if h.in(i) != other.in(i) {
			return false
		}
	}
	return true
}

// slotAt is the slot of the value of a rank from 1 to count.
func (h *Hist) slotAt(rank int64) int {
	i := slotOf(h.min)
	for seen := h.in(i); seen < rank; seen += h.in(i) {
		i++
	}
	return i
}

// rank is ⌈n·num/den⌉ and at least 1, without overflow.
func rank(n, num, den int64) int64 {
	hi, lo := bits.Mul64(uint64(n), uint64(num))
	q, r := bits.Div64(hi, lo, uint64(den))
	if r > 0 {
		q++
	}
	return max(int64(q), 1)
}

// slotOf is the slot of a value from 0 to Highest.
func slotOf(us int64) int {
	doubling := bits.Len64(uint64(us)|(1<<subBits-1)) - subBits
	return doubling*half + int(us>>doubling)
}

// lowestIn is the smallest value of a slot.
func lowestIn(slot int) int64 {
	if slot < 2*half {
		return int64(slot)
	}
	return int64(slot%half+half) << (slot/half - 1)
}

// highestIn is the largest value of a slot.
func highestIn(slot int) int64 { return lowestIn(slot+1) - 1 }
