package draw

import (
	"math"
	"testing"
)

// TestZipf holds the frequencies of the first ranks, and of all others in groups that double, against k^-skew.
func TestZipf(t *testing.T) {
	const draws = 200_000
	for _, c := range []struct {
		n    int64
		skew float64
	}{
		{1, 0.99}, {2, 1}, {10, 0.01}, {10, 0.5}, {10, 1}, {100, 0.99}, {100, 1 + 1e-12}, {1000, 1.2}, {1000, 3}, {1_000_000, 0.99}, {1_000_000, 2},
	} {
		groups := 8
		for 8<<(groups-8) < c.n {
			groups++
		}
		group := func(rank int64) int {
			if rank <= 8 {
				return int(rank) - 1
			}
			g := 8
			for 8<<(g-7) < rank {
				g++
			}
			return g
		}
		expected := make([]float64, groups+1)
		var sum float64
		for k := int64(1); k <= c.n; k++ {
			p := math.Pow(float64(k), -c.skew)
			expected[group(k)] += p
			sum += p
		}
		counts := make([]int, groups+1)
		z := NewZipf(c.n, c.skew)
		source := NewSource(uint64(c.n), "zipf")
		for i := range int64(draws) {
			s := source.At(0, i)
			k := z.Draw(&s)
			if k < 1 || k > c.n {
				t.Fatalf("rank %d of %d", k, c.n)
			}
			counts[group(k)]++
		}
		// What comes up too seldom for the test goes to its neighbour.
		last := 0
		for i := range expected {
			expected[i] *= draws / sum
			if i > 0 && (expected[i] < 5 || expected[last] < 5) {
				expected[last] += expected[i]
				counts[last] += counts[i]
				continue
			}
			if i > 0 {
				last++
				expected[last], counts[last] = expected[i], counts[i]
			}
		}
		if last > 0 {
			checkCounts(t, "zipf", counts[:last+1], expected[:last+1])
		}
		if c.n == 1 && counts[0] != draws {
			t.Errorf("the only rank came up %d times", counts[0])
		}
	}
}

func TestZipfAtItsLimits(t *testing.T) {
	for _, c := range []struct {
		n    int64
		skew float64
	}{{1 << 53, 1e-9}, {1 << 53, 0.5}, {1 << 53, 1}, {1 << 53, 50}, {1 << 53, 700}, {3, 1e6}} {
		z := NewZipf(c.n, c.skew)
		s := NewSource(9, "limits").At(0, 0)
		before := s.state
		const draws = 20_000
		for range draws {
			if k := z.Draw(&s); k < 1 || k > c.n {
				t.Fatalf("n %d, skew %v: rank %d", c.n, c.skew, k)
			}
		}
		inverse := uint64(golden) // of golden modulo 2^64, by Newton's method: how many numbers were taken
		for range 6 {
			inverse *= 2 - golden*inverse
		}
		if tries := float64((s.state-before)*inverse) / draws; tries > 1.3 {
			t.Errorf("n %d, skew %v: %.2f tries for a rank", c.n, c.skew, tries)
		}
	}
}

func BenchmarkZipf(b *testing.B) {
	z := NewZipf(1_000_000, 0.99)
	source := NewSource(1, "zipf")
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		s := source.At(3, i)
		z.Draw(&s)
	}
}
