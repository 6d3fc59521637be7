package stats

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// histograms to encode: sparse, dense, at the edges of the range.
func histograms() map[string]*Hist {
	return map[string]*Hist{
		"one":      histOf(1),
		"two":      histOf(2, 4), // a single empty slot between
		"top":      histOf(Highest),
		"overflow": histOf(3, Highest+1, Highest+1, Highest),
		"span":     histOf(1, 2047, 2048, 1<<20, Highest),
		"second":   histOf(samples(500, 1)...),
		"run":      histOf(samples(200_000, 2)...),
	}
}

func TestEncodingComesBack(t *testing.T) {
	for name, h := range histograms() {
		b := encode(h)
		var got Hist
		got.Record(77) // what was there is replaced
		if err := got.UnmarshalBinary(b); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !got.Equal(h) {
			t.Errorf("%s: %d values from %d to %d came back as %d from %d to %d", name, h.Count(), h.Min(), h.Max(), got.Count(), got.Min(), got.Max())
		}
		t.Logf("%s: %d values in %d bytes", name, h.Count(), len(b))
	}
	if b := encode(new(Hist)); len(b) != 0 {
		t.Errorf("an empty histogram has %d bytes", len(b))
	}
	h := histOf(1)
	if err := h.UnmarshalBinary(nil); err != nil || h.Count() != 0 {
		t.Errorf("no bytes are %d values, %v", h.Count(), err)
	}
}

// hdrPart is the part of an encoding that any HdrHistogram reads.
func hdrPart(t *testing.T, b []byte) []byte {
	t.Helper()
	b = b[len(magic):]
	for range 5 {
		_, n := binary.Uvarint(b)
		b = b[n:]
	}
	return b
}

func TestHdrHistogramReadsOurs(t *testing.T) {
	for name, h := range histograms() {
		part := hdrPart(t, encode(h))
		got, err := hdr.Decode([]byte(base64.StdEncoding.EncodeToString(part)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := hdr.New(Lowest, Highest, digits)
		for slot, n := range counts(h) {
			if err := want.RecordValues(lowestIn(slot), n); err != nil {
				t.Fatal(err)
			}
		}
		if !got.Equals(want) {
			t.Errorf("%s: HdrHistogram reads %d values, p99 %d; want %d, %d", name,
				got.TotalCount(), got.ValueAtPercentile(99), want.TotalCount(), want.ValueAtPercentile(99))
		}
		theirs, err := want.Encode(hdr.V2CompressedEncodingCookieBase)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(string(theirs))
		if err != nil {
			t.Fatal(err)
		}
		if ours, theirs := inflated(t, part), inflated(t, raw); !bytes.Equal(ours, theirs) {
			t.Errorf("%s: our %d bytes are not the %d of HdrHistogram", name, len(ours), len(theirs))
		}
	}
}

func TestWeReadHdrHistogram(t *testing.T) {
	for name, h := range histograms() {
		theirs := hdr.New(Lowest, Highest, digits)
		for slot, n := range counts(h) {
			if err := theirs.RecordValues(lowestIn(slot), n); err != nil {
				t.Fatal(err)
			}
		}
		text, err := theirs.Encode(hdr.V2CompressedEncodingCookieBase)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil {
			t.Fatal(err)
		}
		ours := encode(h)
		head := ours[:len(ours)-len(hdrPart(t, ours))]
		var got Hist
		if err := got.UnmarshalBinary(append(slices.Clone(head), raw...)); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !got.Equal(h) {
			t.Errorf("%s: read %d values, want %d", name, got.Count(), h.Count())
		}
	}
}

func inflated(t *testing.T, part []byte) []byte {
	t.Helper()
	z, err := zlib.NewReader(bytes.NewReader(part[outerSize:]))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What was written once must be readable for ever: 3, 3 and 70,000,000 microseconds.
const stable = "4248010386bbb0210380bbb021001c84931400000036780104c04b1180201400c0f5f929a047c94215c21080" +
	"198271a40611d8bff6170fe0041cf8d22cf202ee6bb4881d0000ffff66d00554"

func TestEncodingIsStable(t *testing.T) {
	b, err := hex.DecodeString(stable)
	if err != nil {
		t.Fatal(err)
	}
	var got Hist
	if err := got.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if !got.Equal(histOf(3, 3, 70_000_000)) {
		t.Errorf("%d values from %d to %d", got.Count(), got.Min(), got.Max())
	}
}

// assemble makes an encoding out of chosen parts.
func assemble(head []uint64, inner []byte) []byte {
	b := []byte(magic)
	for _, n := range head {
		b = binary.AppendUvarint(b, n)
	}
	var deflated bytes.Buffer
	z := zlib.NewWriter(&deflated)
	z.Write(inner)
	z.Close()
	b = binary.BigEndian.AppendUint32(b, cookieCompressed)
	b = binary.BigEndian.AppendUint32(b, uint32(deflated.Len()))
	return append(b, deflated.Bytes()...)
}

func TestUnmarshalRefuses(t *testing.T) {
	h := histOf(10, 20, 30, 5000)
	good := encode(h)
	head := []uint64{4, 5060, 10, 5000, 0}
	with := func(i int, n uint64) []uint64 {
		changed := slices.Clone(head)
		changed[i] = n
		return changed
	}
	edit := func(at int, to byte) []byte {
		inner := h.inner()
		inner[at] = to
		return inner
	}
	counts := func(numbers ...int64) []byte {
		inner := slices.Clip(h.inner()[:innerSize])
		for _, n := range numbers {
			inner = appendZigZag(inner, n)
		}
		binary.BigEndian.PutUint32(inner[4:], uint32(len(inner)-innerSize))
		return inner
	}
	if err := new(Hist).UnmarshalBinary(assemble(head, h.inner())); err != nil {
		t.Fatalf("what the cases start from is refused: %v", err)
	}
	for _, c := range []struct {
		name string
		b    []byte
		want string // part of the error
	}{
		{"other magic", append([]byte("HB\x01"), good[3:]...), "not a histogram"},
		{"other version", append([]byte("BH\x02"), good[3:]...), "not a histogram"},
		{"only magic", good[:3], "cut short"},
		{"cut in the header", good[:6], "cut short"},
		{"cut in the cookie", good[:len(good)-len(hdrPart(t, good))+3], "cut short"},
		{"cut in the counts", good[:len(good)-1], "announces"},
		{"something after it", append(slices.Clone(good), 0), "announces"},
		{"too long", append(slices.Clone(good), make([]byte, maxEncoded)...), "more than any"},
		{"count 0", assemble(with(0, 0), h.inner()), "contradicts itself"},
		{"count too large", assemble(with(0, maxCount+1), h.inner()), "contradicts itself"},
		{"count not a number", assemble(with(0, 1<<63), h.inner()), "cut short"},
		{"count too small", assemble(with(0, 3), h.inner()), "more counts"},
		{"count one more", assemble(with(0, 5), h.inner()), "says 5"},
		{"sum too small", assemble(with(1, 5059), h.inner()), "sum of 5059"},
		{"sum 0", assemble(with(1, 0), h.inner()), "sum of 0"},
		{"sum too large", assemble(with(1, 5064), h.inner()), "sum of 5064"},
		{"min below the range", assemble(with(2, 0), h.inner()), "contradicts itself"},
		{"min elsewhere", assemble(with(2, 11), h.inner()), "as small as 11"},
		{"max elsewhere", assemble(with(3, 6000), h.inner()), "as large as 6000"},
		{"max below min", assemble(with(3, 9), h.inner()), "contradicts itself"},
		{"max above the range", assemble(with(3, Highest+1), h.inner()), "contradicts itself"},
		{"overflow without a top", assemble(with(4, 1), h.inner()), "above its range"},
		{"overflow of more than all", assemble(with(4, 5), h.inner()), "contradicts itself"},
		{"other cookie", assemble(head, edit(3, 0x03)), "geometry"},
		{"normalizing offset", assemble(head, edit(11, 1)), "geometry"},
		{"other digits", assemble(head, edit(15, 2)), "geometry"},
		{"other lowest", assemble(head, edit(23, 2)), "geometry"},
		{"other highest", assemble(head, edit(31, 1)), "geometry"},
		{"other ratio", assemble(head, edit(32, 0x40)), "geometry"},
		{"payload too long for the range", assemble(head, edit(4, 0x7f)), "announces"},
		{"payload longer than announced", assemble(head, append(h.inner(), 0)), "does not end"},
		{"payload shorter than announced", assemble(head, h.inner()[:len(h.inner())-1]), "does not end"},
		{"no counts", assemble(head, counts()), "counts of 0"},
		{"empty slots beyond the range", assemble(head, counts(-1<<40)), "empty slots"},
		{"the longest run", assemble(head, counts(-1<<63)), "empty slots"},
		{"a count beyond the range", assemble(head, counts(-4*half, 4)), "beyond its range"},
		{"a count larger than all", assemble(head, counts(-10, 1<<62)), "more counts"},
		{"counts that wrap around", assemble(head, counts(-10, 1<<62, 1<<62, 1<<62, 1<<62, 4)), "more counts"},
		{"a number cut short", assemble(head, append(counts(-10, 1)[:innerSize], 0x93, 0x80)), "cut short"},
	} {
		got := histOf(9)
		err := got.UnmarshalBinary(c.b)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
		if err != nil && !got.Equal(histOf(9)) {
			t.Errorf("%s: the refused histogram was changed", c.name)
		}
	}
}

func TestUnmarshalOfABombIsCheap(t *testing.T) {
	inner := histOf(Highest).inner()[:innerSize]
	binary.BigEndian.PutUint32(inner[4:], 9*(topSlot+1))
	bomb := assemble([]uint64{1, Highest, Highest, Highest, 0}, append(inner, make([]byte, 4<<20)...))
	var h Hist
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := h.UnmarshalBinary(bomb)
	runtime.ReadMemStats(&after)
	if err == nil {
		t.Error("4 MiB of counts were accepted")
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes were decoded with %d bytes of memory", len(bomb), used)
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, h := range histograms() {
		f.Add(encode(h))
	}
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		var h, again Hist
		if h.UnmarshalBinary(b) != nil {
			return
		}
		if err := again.UnmarshalBinary(encode(&h)); err != nil || !again.Equal(&h) {
			t.Errorf("accepted histogram does not come back: %v", err)
		}
		h.Quantile(999, 1000)
		h.Merge(&again)
	})
}

// FuzzCounts reaches what compression hides from FuzzUnmarshal.
func FuzzCounts(f *testing.F) {
	for _, h := range []*Hist{histOf(1), histOf(2, 4), histOf(3, 70_000, Highest, Highest+1)} {
		f.Add(uint64(h.count), uint64(h.sum), uint64(h.min), uint64(h.max), uint64(h.overflow), h.inner()[innerSize:])
	}
	f.Fuzz(func(t *testing.T, count, sum, low, high, overflow uint64, counts []byte) {
		inner := append(histOf(1).inner()[:innerSize], counts...)
		binary.BigEndian.PutUint32(inner[4:], uint32(len(counts)))
		var h, again Hist
		if h.UnmarshalBinary(assemble([]uint64{count, sum, low, high, overflow}, inner)) != nil {
			return
		}
		if err := again.UnmarshalBinary(encode(&h)); err != nil || !again.Equal(&h) {
			t.Errorf("accepted histogram does not come back: %v", err)
		}
		if p := h.Quantile(1, 2); p < h.Min() || p > h.Max() {
			t.Errorf("p50 is %d, outside of %d to %d", p, h.Min(), h.Max())
		}
	})
}

func BenchmarkMarshal(b *testing.B) {
	for _, name := range []string{"one", "second", "run"} {
		h := histograms()[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				encode(h)
			}
			b.ReportMetric(float64(len(encode(h))), "bytes")
		})
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	for _, name := range []string{"one", "second", "run"} {
		encoded := encode(histograms()[name])
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var h Hist
			for b.Loop() {
				if err := h.UnmarshalBinary(encoded); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
