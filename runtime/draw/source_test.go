package draw

import (
	"math"
	"math/bits"
	"testing"
)

// checkCounts is Pearson's chi-squared test: it fails when counts as far from what was expected would come up less than
// once in a hundred thousand times. Seeds are fixed, so a test that passes passes always.
func checkCounts(t *testing.T, name string, counts []int, expected []float64) {
	t.Helper()
	var chi, freedom float64
	for i, e := range expected {
		if e < 5 {
			t.Fatalf("%s: only %v expected at %d, the test needs more", name, e, i)
		}
		d := float64(counts[i]) - e
		chi += d * d / e
		freedom++
	}
	freedom--
	// Wilson and Hilferty's approximation of the distribution by a normal one.
	z := (math.Cbrt(chi/freedom) - (1 - 2/(9*freedom))) / math.Sqrt(2/(9*freedom))
	if z > 4.27 {
		t.Errorf("%s: chi-squared is %.1f with %v degrees of freedom (z = %.1f); counts %v, expected %.1f", name, chi, freedom, z, counts, expected)
	}
}

func evenly(n int, total int) []float64 {
	expected := make([]float64, n)
	for i := range expected {
		expected[i] = float64(total) / float64(n)
	}
	return expected
}

// TestEveryCoordinateIsUniform varies one of seed, name, connection, operation and place in the stream at a time, as a
// run does, and looks at the high, the middle and the low bits.
func TestEveryCoordinateIsUniform(t *testing.T) {
	const n, cells = 50_000, 64
	names := make([]string, n)
	for i := range names {
		names[i] = string(rune('a'+i%26)) + string(rune('0'+i/26%10)) + string(rune(0x4e00+i/260))
	}
	walking := NewSource(1, "x").At(3, 4)
	for _, c := range []struct {
		name string
		draw func(i int) uint64
	}{
		{"seed", func(i int) uint64 { s := NewSource(uint64(i), "x").At(0, 0); return s.Uint64() }},
		{"name", func(i int) uint64 { s := NewSource(1, names[i]).At(0, 0); return s.Uint64() }},
		{"connection", func(i int) uint64 { s := NewSource(1, "x").At(i, 0); return s.Uint64() }},
		{"operation", func(i int) uint64 { s := NewSource(1, "x").At(0, int64(i)); return s.Uint64() }},
		{"connection and operation", func(i int) uint64 { s := NewSource(1, "x").At(i%64, int64(i/64)); return s.Uint64() }},
		{"place in the stream", func(int) uint64 { return walking.Uint64() }},
		{"second place in the stream", func(i int) uint64 { s := NewSource(1, "x").At(0, int64(i)); s.Uint64(); return s.Uint64() }},
	} {
		var high, middle, low, pairs [cells]int
		previous := c.draw(0)
		for i := range n {
			x := c.draw(i)
			high[x>>58]++
			middle[x>>29%cells]++
			low[x%cells]++
			pairs[x>>61<<3|previous>>61]++
			previous = x
		}
		checkCounts(t, c.name+", high bits", high[:], evenly(cells, n))
		checkCounts(t, c.name+", middle bits", middle[:], evenly(cells, n))
		checkCounts(t, c.name+", low bits", low[:], evenly(cells, n))
		checkCounts(t, c.name+", pairs of neighbours", pairs[:], evenly(cells, n))
	}
}

// TestEveryBitMatters changes one bit of a coordinate and expects about half of the 64 bits drawn to change.
func TestEveryBitMatters(t *testing.T) {
	base := func(seed uint64, connection int, op int64) uint64 {
		s := NewSource(seed, "x").At(connection, op)
		return s.Uint64()
	}
	var changed, tries int
	for i := range int64(200) {
		for bit := range 20 {
			x := base(7, int(i), i)
			changed += bits.OnesCount64(x ^ base(7^1<<bit, int(i), i))
			changed += bits.OnesCount64(x ^ base(7, int(i)^1<<bit, i))
			changed += bits.OnesCount64(x ^ base(7, int(i), i^1<<bit))
			tries += 3
		}
	}
	if mean := float64(changed) / float64(tries); math.Abs(mean-32) > 0.2 {
		t.Errorf("one bit of a coordinate changes %.2f bits of 64", mean)
	}
}

func TestBelowIsUniform(t *testing.T) {
	const n = 60_000
	for _, cells := range []uint64{1, 2, 3, 7, 10, 1 << 6} {
		counts := make([]int, cells)
		s := NewSource(cells, "below").At(0, 0)
		for range n {
			counts[s.Below(cells)]++
		}
		if cells > 1 {
			checkCounts(t, "below", counts, evenly(int(cells), n))
		}
	}
	// Of 3·2^62 numbers, multiplication alone would draw every third twice as often as the others.
	var thirds [3]int
	s := NewSource(1, "large").At(0, 0)
	for range n {
		x := s.Below(3 << 62)
		if x >= 3<<62 {
			t.Fatalf("%d is not below %d", x, uint64(3<<62))
		}
		thirds[x%3]++
	}
	checkCounts(t, "remainders of a large range", thirds[:], evenly(3, n))
}

func TestBetweenHasBothEnds(t *testing.T) {
	for _, c := range []struct{ from, to int64 }{
		{0, 0}, {-1, 1}, {5, 7}, {math.MinInt64, math.MinInt64 + 1}, {math.MaxInt64 - 1, math.MaxInt64},
	} {
		seen := map[int64]bool{}
		s := NewSource(2, "between").At(0, 0)
		for range 200 {
			x := s.Between(c.from, c.to)
			if x < c.from || x > c.to {
				t.Fatalf("%d is not between %d and %d", x, c.from, c.to)
			}
			seen[x] = true
		}
		if want := c.to - c.from + 1; int64(len(seen)) != want {
			t.Errorf("between %d and %d were %d values of %d", c.from, c.to, len(seen), want)
		}
	}
	var signs [2]int
	s := NewSource(2, "all").At(0, 0)
	for range 10_000 {
		signs[uint64(s.Between(math.MinInt64, math.MaxInt64))>>63]++
	}
	checkCounts(t, "signs of all numbers", signs[:], evenly(2, 10_000))
}

func TestFloatIsBelowOne(t *testing.T) {
	var cells [50]int
	s := NewSource(3, "float").At(0, 0)
	for range 50_000 {
		x := s.Float()
		if x < 0 || x >= 1 {
			t.Fatalf("%v is not in [0, 1)", x)
		}
		cells[int(x*50)]++
	}
	checkCounts(t, "float", cells[:], evenly(50, 50_000))
}

func BenchmarkBetween(b *testing.B) {
	source := NewSource(1, "x")
	for i := int64(0); b.Loop(); i++ {
		s := source.At(3, i)
		s.Between(1, 1_000_000)
	}
}
