package draw

import "math/bits"

// A Source is where the random numbers of one name come from, under the seed of a run.
type Source struct{ key uint64 }

// NewSource is the source of a name. Different names give unrelated numbers.
func NewSource(seed uint64, name string) Source {
	h := uint64(14695981039346656037) // FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return Source{mix(mix(seed+golden) ^ h)}
}

// At is the stream of numbers of one operation of one connection.
func (s Source) At(connection int, op int64) Stream {
	return Stream{mix(mix(s.key+golden*uint64(connection+1)) + golden*uint64(op+1))}
}

// A Stream is a sequence of independent random numbers. It is SplitMix64: a counter that goes up in steps of the golden
// ratio, each value of which is scrambled by a bijection (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
// Generators", OOPSLA 2014, with the constants of variant 13 of David Stafford). Number k is computed from k alone.
type Stream struct{ state uint64 }

const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio, odd

func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Uint64 is the next number, each of 64 bits being equally likely.
func (s *Stream) Uint64() uint64 {
	s.state += golden
	return mix(s.state)
}

// Below is a whole number from 0 to n-1, each exactly equally likely; n must not be 0. It multiplies instead of dividing
// and rejects the few numbers that would make it uneven (Lemire, "Fast Random Integer Generation in an Interval", ACM
// TOMACS 29(1), 2019).
func (s *Stream) Below(n uint64) uint64 {
	hi, lo := bits.Mul64(s.Uint64(), n)
	if lo < n {
		for uneven := -n % n; lo < uneven; {
			hi, lo = bits.Mul64(s.Uint64(), n)
		}
	}
	return hi
}

// Between is a whole number from from to to, both included, each equally likely.
func (s *Stream) Between(from, to int64) int64 {
	n := uint64(to) - uint64(from) + 1
	if n == 0 { // every number there is
		return int64(s.Uint64())
	}
	return int64(uint64(from) + s.Below(n))
}

// Float is a number in [0, 1), a multiple of 2^-53.
func (s *Stream) Float() float64 { return float64(s.Uint64()>>11) / (1 << 53) }
