package draw

import (
	"fmt"
	"math"
	"math/bits"
)

// An alias table draws an index with a probability proportional to its weight from one random number: every index has a
// column of the same height, filled up by one other index (Walker, 1977; built as in Vose, "A Linear Algorithm for
// Generating Random Numbers with a Given Distribution", IEEE TSE 17(9), 1991).
type alias struct {
	own   []uint64 // share of the column that is its own index's, in 1/2^64
	other []int    // whose the rest is
}

func newAlias(weights []float64) (alias, error) {
	var sum float64
	for i, w := range weights {
		if w < 0 || math.IsNaN(w) || math.IsInf(w, 0) {
			return alias{}, fmt.Errorf("weight %d is %v, it must be a number not below 0", i+1, w)
		}
		sum += w
	}
	if sum == 0 || math.IsInf(sum, 0) {
		return alias{}, fmt.Errorf("weights add up to %v, at least one must be above 0", sum)
	}
	n := len(weights)
	a := alias{own: make([]uint64, n), other: make([]int, n)}
	height := make([]float64, n) // 1 on average
	var low, high []int
	for i, w := range weights {
		height[i] = w / sum * float64(n)
		if height[i] < 1 {
			low = append(low, i)
		} else {
			high = append(high, i)
		}
	}
	for len(low) > 0 && len(high) > 0 {
		l, h := low[len(low)-1], high[len(high)-1]
		low = low[:len(low)-1]
		a.own[l], a.other[l] = uint64(height[l]*(1<<64)), h
		height[h] -= 1 - height[l]
		if height[h] < 1 {
			high = high[:len(high)-1]
			low = append(low, h)
		}
	}
	for _, i := range append(low, high...) { // full, but for rounding
		a.own[i], a.other[i] = math.MaxUint64, i
	}
	return a, nil
}

func (a *alias) draw(s *Stream) int {
	hi, lo := bits.Mul64(s.Uint64(), uint64(len(a.own)))
	if lo < a.own[hi] {
		return int(hi)
	}
	return a.other[hi]
}
