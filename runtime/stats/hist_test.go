package stats

import (
	"math/rand/v2"
	"slices"
	"testing"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// samples are latencies such as a run has: mostly a few milliseconds, with a long tail.
func samples(n int, seed uint64) []int64 {
	r := rand.New(rand.NewPCG(seed, 0))
	values := make([]int64, n)
	for i := range values {
		values[i] = min(1+int64(2000*(r.ExpFloat64()+1)*(r.ExpFloat64()*r.ExpFloat64()+0.1)), Highest)
	}
	return values
}

func histOf(values ...int64) *Hist {
	h := new(Hist)
	for _, v := range values {
		h.Record(v)
	}
	return h
}

// counts are those of all slots, as HdrHistogram has them.
func counts(h *Hist) []int64 {
	counts := make([]int64, pages*half)
	for slot := range counts {
		counts[slot] = h.in(slot)
	}
	return counts
}

func TestSlotsAreThoseOfHdrHistogram(t *testing.T) {
	values := []int64{Highest, Highest - 1}
	for v := range int64(10_000) {
		values = append(values, v)
	}
	for bit := range 36 {
		values = append(values, 1<<bit-1, 1<<bit, 1<<bit+1, 3<<bit/2)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		values = append(values, r.Int64N(Highest)>>r.IntN(36))
	}
	ours, reference := histOf(values...), hdr.New(Lowest, Highest, digits)
	for _, v := range values {
		if err := reference.RecordValue(max(v, Lowest)); err != nil {
			t.Fatal(err)
		}
		slot := slotOf(v)
		if low, high := lowestIn(slot), highestIn(slot); v < low || v > high || high-low > v/1000 {
			t.Errorf("slot %d of %d stands for %d to %d", slot, v, low, high)
		}
	}
	if !slices.Equal(counts(ours), reference.Export().Counts) {
		t.Error("HdrHistogram has other counts of the same values")
	}
	for bit := range 36 {
		reference.Reset()
		if err := reference.RecordValue(1 << bit); err != nil {
			t.Fatal(err)
		}
		if got, want := highestIn(slotOf(1<<bit)), reference.Max(); got != want {
			t.Errorf("the largest value in the slot of %d is %d, HdrHistogram has %d", int64(1)<<bit, got, want)
		}
	}
	if got := slotOf(Highest); got != topSlot {
		t.Errorf("slot of Highest is %d, not %d", got, topSlot)
	}
}

func TestRecord(t *testing.T) {
	for _, c := range []struct {
		name                           string
		values                         []int64
		count, sum, min, max, overflow int64
	}{
		{"empty", nil, 0, 0, 0, 0, 0},
		{"one", []int64{7}, 1, 7, 7, 7, 0},
		{"below the range is 1", []int64{0, -5, 1}, 3, 3, 1, 1, 0},
		{"exact beside coarse slots", []int64{1_000_003, 2_000_005}, 2, 3_000_008, 1_000_003, 2_000_005, 0},
		{"top of the range", []int64{Highest}, 1, Highest, Highest, Highest, 0},
		{"above the range is counted apart", []int64{5, Highest + 1, 1 << 62}, 3, 5 + 2*Highest, 5, Highest, 2},
	} {
		h := histOf(c.values...)
		got := []int64{h.Count(), h.Sum(), h.Min(), h.Max(), h.Overflow()}
		if want := []int64{c.count, c.sum, c.min, c.max, c.overflow}; !slices.Equal(got, want) {
			t.Errorf("%s: count, sum, min, max, overflow are %v, want %v", c.name, got, want)
		}
	}
}

func TestQuantileOfExactValues(t *testing.T) {
	var thousand []int64
	for v := range int64(1000) {
		thousand = append(thousand, v+1)
	}
	for _, c := range []struct {
		name     string
		values   []int64
		num, den int64
		want     int64
	}{
		{"nothing", nil, 50, 100, 0},
		{"rank 0 is rank 1", thousand, 0, 100, 1},
		{"one value is every percentile", []int64{42}, 999, 1000, 42},
		{"median of two is the lower", []int64{10, 20}, 50, 100, 10},
		{"p50", thousand, 50, 100, 500},
		{"p99", thousand, 99, 100, 990},
		{"p99.9", thousand, 999, 1000, 999},
		{"all", thousand, 1, 1, 1000},
		{"ceiling: rank 3 of 5", []int64{1, 2, 3, 4, 5}, 50, 100, 3},
		{"ceiling: p90 of 11 is rank 10", []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 90, 100, 10},
		{"never above the maximum", []int64{1_000_003}, 50, 100, 1_000_003},
	} {
		if got := histOf(c.values...).Quantile(c.num, c.den); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestRank(t *testing.T) {
	for _, c := range []struct{ n, num, den, want int64 }{
		{144_000, 999, 1000, 143_856}, // 99.9/100*n in floating point is above it, and its ceiling one rank off
		{1, 50, 100, 1},
		{3, 0, 1, 1},
		{1000, 999, 1000, 999},
		{1001, 999, 1000, 1000},
		{1 << 48, 999, 1000, 281_193_501_733_946},
	} {
		if got := rank(c.n, c.num, c.den); got != c.want {
			t.Errorf("rank of %d/%d in %d is %d, want %d", c.num, c.den, c.n, got, c.want)
		}
	}
}

func TestQuantileIsWithinAThousandth(t *testing.T) {
	values := samples(50_000, 3)
	h := histOf(values...)
	slices.Sort(values)
	for num := int64(1); num <= 10_000; num += 7 {
		want := values[rank(int64(len(values)), num, 10_000)-1]
		if got := h.Quantile(num, 10_000); got < want || got-want > want/1000 {
			t.Fatalf("quantile %d/10000 is %d, the sorted values have %d", num, got, want)
		}
	}
}

func TestMergeIsRecordingAll(t *testing.T) {
	values := samples(10_000, 4)
	values = append(values, Highest+5, 0)
	all := histOf(values...)
	for _, parts := range []int{1, 2, 7, 500} {
		var merged Hist
		for part := range slices.Chunk(values, (len(values)+parts-1)/parts) {
			merged.Merge(histOf(part...))
		}
		merged.Merge(new(Hist))
		if !merged.Equal(all) {
			t.Errorf("merged from %d parts: %d values, p99 %d; want %d, %d",
				parts, merged.Count(), merged.Quantile(99, 100), all.Count(), all.Quantile(99, 100))
		}
	}
}

func TestEqualSeesEverySlot(t *testing.T) {
	// The same count, sum, minimum and maximum, and other values between.
	if a, b := histOf(1, 10, 20, 40), histOf(1, 12, 18, 40); a.Equal(b) || b.Equal(a) {
		t.Error("histograms of different values are equal")
	}
	if !new(Hist).Equal(new(Hist)) {
		t.Error("empty histograms are not equal")
	}
}

func TestResetKeepsNothingButMemory(t *testing.T) {
	values := samples(1000, 5)
	h := histOf(append(values, Highest*2)...)
	h.Reset()
	if !h.Equal(new(Hist)) || slices.ContainsFunc(counts(h), func(n int64) bool { return n != 0 }) {
		t.Errorf("after a reset %d values are left", h.Count())
	}
	if allocs := testing.AllocsPerRun(10, func() {
		for _, v := range values {
			h.Record(v)
		}
		h.Reset()
	}); allocs != 0 {
		t.Errorf("recording after a reset allocates %v times", allocs)
	}
}

func BenchmarkRecord(b *testing.B) {
	values := samples(1024, 6)
	h := histOf(values...)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.Record(values[i&1023])
	}
}

func BenchmarkQuantile(b *testing.B) {
	h := histOf(samples(100_000, 6)...)
	for b.Loop() {
		h.Quantile(999, 1000)
	}
}
