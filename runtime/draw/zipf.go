package draw

import "math"

// A Zipf draws ranks from 1 to n, rank k with a probability proportional to k^-skew. Any skew above 0 will do, 1 too.
//
// It is rejection-inversion: a place on the integral of x^-skew, each equally likely, is turned back into an x and
// rounded to a rank, and is rejected with the small probability by which that overstates the rank. There is no table, and
// a rank takes hardly more than one try whatever n and skew are (Hörmann, Derflinger, "Rejection-Inversion to Generate
// Variates from Monotone Discrete Distributions", ACM TOMACS 6(3), 1996).
type Zipf struct {
	n, skew  float64
	from, to float64 // where the integral begins, so that rank 1 has no more than its share, and ends, at the edge of n
	surely   float64 // a rank that is above its x by no more than this is never rejected
}

// NewZipf makes a distribution over ranks 1 to n.
func NewZipf(n int64, skew float64) Zipf {
	z := Zipf{n: float64(n), skew: skew}
	z.from = z.integral(1.5) - 1
	z.to = z.integral(z.n + 0.5)
	z.surely = 2 - z.inverse(z.integral(2.5)-z.density(2))
	return z
}

// Draw is a rank. It takes one number from the stream for each try.
func (z *Zipf) Draw(s *Stream) int64 {
	for {
		u := z.to + s.Float()*(z.from-z.to)
		x := z.inverse(u)
		k := min(max(math.Floor(x+0.5), 1), z.n)
		if k-x <= z.surely || u >= z.integral(k+0.5)-z.density(k) {
			return int64(k)
		}
	}
}

// density is x^-skew.
func (z *Zipf) density(x float64) float64 { return math.Exp(-z.skew * math.Log(x)) }

// integral is that of density from 1 to x: (x^(1-skew) - 1) / (1-skew), and log x for a skew of 1, written so that it is
// exact in the neighbourhood of 1 as well.
func (z *Zipf) integral(x float64) float64 {
	l := math.Log(x)
	if t := (1 - z.skew) * l; t != 0 {
		return math.Expm1(t) / t * l
	}
	return l
}

// inverse is the x at which integral is u.
func (z *Zipf) inverse(u float64) float64 {
	t := (1 - z.skew) * u
	if t == 0 {
		return math.Exp(u)
	}
	// Rounding can put t at or below -1, where the integral has its limit and x is beyond every rank.
	return math.Exp(math.Log1p(max(t, -1)) / t * u)
}
