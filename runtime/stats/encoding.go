package stats

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"sync"
)

// An encoded Hist is a header of ours and a histogram as every HdrHistogram reads it:
//
//	'B' 'H' 1                          magic and version
//	count sum min max overflow         unsigned varints: what a histogram alone does not keep exactly
//	HdrHistogram V2, compressed        to the end
//
// The second part is, in big-endian order, after a cookie and the length of what follows, a zlib stream of a cookie, the
// length of the counts, a normalizing offset of 0, the significant digits, Lowest, Highest, and a ratio of 1.0 as a
// float64; then the counts from slot 0 to the last one that is not empty, as ZigZag LEB128 numbers in which -n is a run
// of n empty slots (encodeIntoByteBuffer in AbstractHistogram.java of HdrHistogram).
//
// The level of compression is zlib's fastest: the payload of a second is some hundred bytes of which little can be
// saved, and it is made a few times a second for each workload of each worker.
const (
	magic            = "BH\x01"
	cookie           = 0x1c849303 | 0x10
	cookieCompressed = 0x1c849304 | 0x10
	outerSize        = 8
	innerSize        = 40

	// 28 Ki counts take at most nine bytes each; zlib adds less than a thousandth to what it cannot compress.
	maxEncoded = 256 << 10

	// More values than any run has, and few enough that the sum of many such histograms is still a number.
	maxCount = 1 << 48
)

var deflaters = sync.Pool{New: func() any {
	w, err := zlib.NewWriterLevel(nil, zlib.BestSpeed)
	if err != nil {
		panic("zlib does not know its own level: " + err.Error())
	}
	return w
}}

// MarshalBinary encodes the histogram. An empty one is no bytes at all.
func (h *Hist) MarshalBinary() ([]byte, error) {
	if h.count == 0 {
		return nil, nil
	}
	var out bytes.Buffer
	head := []byte(magic)
	for _, n := range []int64{h.count, h.sum, h.min, h.max, h.overflow} {
		head = binary.AppendUvarint(head, uint64(n))
	}
	out.Write(head)
	out.Write(make([]byte, outerSize))

	z := deflaters.Get().(*zlib.Writer)
	defer deflaters.Put(z)
	z.Reset(&out)
	if _, err := z.Write(h.inner()); err != nil {
		return nil, fmt.Errorf("compress histogram: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress histogram: %w", err)
	}
	b := out.Bytes()
	outer := b[len(head):]
	binary.BigEndian.PutUint32(outer, cookieCompressed)
	binary.BigEndian.PutUint32(outer[4:], uint32(len(outer)-outerSize))
	return b, nil
}

// inner is the HdrHistogram V2 encoding before compression.
func (h *Hist) inner() []byte {
	first, last := slotOf(h.min), slotOf(h.max)
	b := make([]byte, innerSize, innerSize+2*(last-first)+16)
	if first > 0 {
		b = appendZigZag(b, emptyRun(first))
	}
	for i := first; i <= last; i++ {
		n := h.in(i)
		if n == 0 {
			from := i
			for h.in(i+1) == 0 {
				i++
			}
			n = emptyRun(i + 1 - from)
		}
		b = appendZigZag(b, n)
	}
	binary.BigEndian.PutUint32(b, cookie)
	binary.BigEndian.PutUint32(b[4:], uint32(len(b)-innerSize))
	binary.BigEndian.PutUint32(b[12:], digits)
	binary.BigEndian.PutUint64(b[16:], Lowest)
	binary.BigEndian.PutUint64(b[24:], Highest)
	binary.BigEndian.PutUint64(b[32:], math.Float64bits(1))
	return b
}

// emptyRun is the number that stands for n empty slots. A single one is written as the count that it is, as the
// reference implementation does.
func emptyRun(n int) int64 {
	if n == 1 {
		return 0
	}
	return -int64(n)
}

// appendZigZag appends a number as LEB128 of its ZigZag form. Unlike the varint of encoding/binary this one has at most
// nine bytes, the last of which has no continuation bit.
func appendZigZag(b []byte, n int64) []byte {
	u := uint64(n<<1) ^ uint64(n>>63)
	for range 8 {
		if u < 0x80 {
			return append(b, byte(u))
		}
		b = append(b, byte(u)|0x80)
		u >>= 7
	}
	return append(b, byte(u))
}

// zigZag reads what appendZigZag wrote and how many bytes it took; 0 bytes says that there are too few.
func zigZag(b []byte) (int64, int) {
	var u uint64
	for i, c := range b {
		if i == 8 || c < 0x80 {
			u |= uint64(c) << (7 * i)
			return int64(u>>1) ^ -int64(u&1), i + 1
		}
		u |= uint64(c&0x7f) << (7 * i)
	}
	return 0, 0
}

var inflaters sync.Pool // of zlib readers

var errCut = errors.New("histogram is cut short")

// UnmarshalBinary decodes what MarshalBinary wrote. It trusts nothing: the header, the geometry and every length are
// checked before anything of that size is read or made, and a histogram whose parts contradict each other is refused.
// After an error the histogram is as it was before.
func (h *Hist) UnmarshalBinary(b []byte) error {
	if len(b) == 0 {
		h.Reset()
		return nil
	}
	if len(b) > maxEncoded {
		return fmt.Errorf("histogram has %d bytes, more than any of its kind", len(b))
	}
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return errors.New("not a histogram of this version")
	}
	var in Hist
	for _, field := range []*int64{&in.count, &in.sum, &in.min, &in.max, &in.overflow} {
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > math.MaxInt64 {
			return errCut
		}
		*field, rest = int64(n), rest[size:]
	}
	if in.count == 0 || in.count > maxCount || in.min < Lowest || in.max < in.min || in.max > Highest || in.overflow > in.count {
		return fmt.Errorf("histogram contradicts itself: %d values from %d to %d, %d above the range", in.count, in.min, in.max, in.overflow)
	}
	counts, err := inflate(rest, slotOf(in.max))
	if err != nil {
		return err
	}
	if err := in.fill(counts); err != nil {
		return err
	}
	*h = in
	return nil
}

// inflate checks the HdrHistogram part and gives its counts, still encoded, for slots 0 to last.
func inflate(b []byte, last int) ([]byte, error) {
	if len(b) < outerSize {
		return nil, errCut
	}
	if got := binary.BigEndian.Uint32(b); got != cookieCompressed {
		return nil, fmt.Errorf("histogram has cookie %#x, not %#x of HdrHistogram V2, compressed", got, cookieCompressed)
	}
	if got := int64(binary.BigEndian.Uint32(b[4:])); got != int64(len(b)-outerSize) {
		return nil, fmt.Errorf("histogram announces %d bytes and has %d", got, len(b)-outerSize)
	}
	compressed := bytes.NewReader(b[outerSize:])
	z, err := inflater(compressed)
	if err != nil {
		return nil, fmt.Errorf("decompress histogram: %w", err)
	}
	defer inflaters.Put(z)

	var head [innerSize]byte
	if _, err := io.ReadFull(z, head[:]); err != nil {
		return nil, fmt.Errorf("decompress histogram: %w", err)
	}
	size := int(binary.BigEndian.Uint32(head[4:]))
	switch {
	case binary.BigEndian.Uint32(head[:]) != cookie,
		binary.BigEndian.Uint32(head[8:]) != 0,
		binary.BigEndian.Uint32(head[12:]) != digits,
		binary.BigEndian.Uint64(head[16:]) != Lowest,
		binary.BigEndian.Uint64(head[24:]) != Highest,
		binary.BigEndian.Uint64(head[32:]) != math.Float64bits(1):
		return nil, fmt.Errorf("histogram has another geometry than %d to %d microseconds with %d digits", Lowest, int64(Highest), digits)
	case size > 9*(last+1):
		return nil, fmt.Errorf("histogram announces %d bytes of counts for %d slots", size, last+1)
	}
	counts := make([]byte, size+1) // one more, to see that there is no more and that the checksum holds
	n, err := io.ReadFull(z, counts)
	if ended := err == io.EOF || err == io.ErrUnexpectedEOF; n != size || !ended || compressed.Len() > 0 {
		return nil, fmt.Errorf("histogram does not end after the %d bytes of counts that it announces", size)
	}
	return counts[:size], nil
}

// inflater is a zlib reader, used again where there is one.
func inflater(r io.Reader) (io.ReadCloser, error) {
	z := inflaters.Get()
	if z == nil {
		return zlib.NewReader(r)
	}
	return z.(io.ReadCloser), z.(zlib.Resetter).Reset(r, nil)
}

// fill sets the counts from their encoding and holds them against count, sum, min, max and overflow.
func (h *Hist) fill(b []byte) error {
	var (
		next, first, last = 0, -1, -1
		limit             = slotOf(h.max) + 1
		total             int64
		least, most       wide // of the sum
	)
	for len(b) > 0 {
		n, size := zigZag(b)
		if size == 0 {
			return errCut
		}
		b = b[size:]
		if n <= 0 {
			if n < int64(next-limit) || next == limit {
				return errors.New("histogram has empty slots beyond its range")
			}
			next += int(max(-n, 1))
			continue
		}
		if next >= limit || n > h.count-total {
			return fmt.Errorf("histogram has more counts than its %d values, or beyond its range", h.count)
		}
		if first < 0 {
			first = next
		}
		last = next
		*h.at(next) = n
		total += n
		least.add(lowestIn(next), n)
		most.add(highestIn(next), n)
		next++
	}
	switch {
	case total != h.count:
		return fmt.Errorf("histogram has counts of %d values and says %d", total, h.count)
	case first != slotOf(h.min) || last != slotOf(h.max):
		return fmt.Errorf("histogram has no value as small as %d or as large as %d", h.min, h.max)
	case h.overflow > 0 && (h.max != Highest || h.overflow > h.in(topSlot)):
		return fmt.Errorf("histogram says %d values above its range and does not have them", h.overflow)
	case least.above(h.sum) || !most.above(h.sum-1):
		return fmt.Errorf("histogram has a sum of %d that its values cannot have", h.sum)
	}
	return nil
}

// wide is an unsigned number of 128 bits.
type wide struct{ hi, lo uint64 }

func (w *wide) add(a, b int64) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	var carry uint64
	w.lo, carry = bits.Add64(w.lo, lo, 0)
	w.hi, _ = bits.Add64(w.hi, hi, carry)
}

func (w *wide) above(n int64) bool { return w.hi > 0 || w.lo > uint64(n) }
