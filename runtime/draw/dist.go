package draw

import (
	"fmt"
	"math"
	"time"

	"bench/runtime/bench"
)

// A Dist draws durations, such as think times.
type Dist struct {
	source Source
	dist   bench.Dist
}

// NewDist compiles a distribution of the think times of a run:
//
//   - constant: always Mean.
//   - uniform: from Min to Max, both included.
//   - exponential: with mean Mean, as between the calls of many users who do not know of each other.
//   - lognormal: with median Median, its logarithm having standard deviation Sigma; most waits are short, a few are long.
//
// Min and Max bound exponential and lognormal ones: what falls outside becomes the bound.
func NewDist(d bench.Dist, seed uint64) (*Dist, error) {
	if d.Min < 0 || d.Max < 0 || d.Max > 0 && d.Max < d.Min {
		return nil, fmt.Errorf("min %v and max %v are no range of durations", d.Min, d.Max)
	}
	switch d.Kind {
	case "constant":
		if d.Mean < 0 {
			return nil, fmt.Errorf("mean is %v, it must not be below 0", d.Mean)
		}
	case "uniform":
		if d.Max == 0 {
			return nil, fmt.Errorf("a uniform duration needs a max")
		}
	case "exponential":
		if d.Mean <= 0 {
			return nil, fmt.Errorf("mean is %v, it must be above 0", d.Mean)
		}
	case "lognormal":
		if d.Median <= 0 || !(d.Sigma >= 0) || math.IsInf(d.Sigma, 0) {
			return nil, fmt.Errorf("median is %v and sigma %v, they must be above and not below 0", d.Median, d.Sigma)
		}
	default:
		return nil, fmt.Errorf("no distribution %q, use constant, uniform, exponential or lognormal", d.Kind)
	}
	return &Dist{source: NewSource(seed, "duration"), dist: d}, nil
}

// Duration is the duration for an operation of a connection.
func (d *Dist) Duration(connection int, op int64) time.Duration {
	s := d.source.At(connection, op)
	switch d.dist.Kind {
	case "uniform":
		return time.Duration(s.Between(int64(d.dist.Min), int64(d.dist.Max)))
	case "exponential":
		return d.bounded(-float64(d.dist.Mean) * math.Log(1-s.Float()))
	case "lognormal":
		return d.bounded(float64(d.dist.Median) * math.Exp(d.dist.Sigma*s.normal()))
	default:
		return d.dist.Mean.D()
	}
}

func (d *Dist) bounded(ns float64) time.Duration {
	top := time.Duration(math.MaxInt64)
	if d.dist.Max > 0 {
		top = d.dist.Max.D()
	}
	if ns >= float64(top) {
		return top
	}
	return max(time.Duration(ns), d.dist.Min.D())
}

// normal is a number of the standard normal distribution (Box, Muller, "A Note on the Generation of Random Normal
// Deviates", Annals of Mathematical Statistics 29(2), 1958).
func (s *Stream) normal() float64 {
	radius := math.Sqrt(-2 * math.Log(1-s.Float()))
	return radius * math.Cos(2*math.Pi*s.Float())
}
