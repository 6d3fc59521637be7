package draw

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"bench/runtime/bench"
)

// A Param is a compiled parameter. All its methods but Fill may be called at once from many goroutines.
type Param struct {
	param       bench.Param
	source      Source
	connections uint64 // of the whole fleet
	constant    int64  // nurand: C of clause 2.1.6
	zipf        Zipf
	alias       alias
	columns     []string
	rows        [][]bench.Value
}

// Compile readies a parameter for a run with a seed and a number of connections. A pool still needs Fill. The kinds:
//
//   - uniform: from From to To, each equally likely.
//   - sequence: From, From+1, … to To, dealt out over the connections: connection c of n has every n-th value, starting at
//     From+c, and begins again after its last. No two connections ever have the same value, unless there are fewer values
//     than connections; then each goes through all of them.
//   - choice: one of Values, by Weights.
//   - zipf: From is the most frequent, To the least, by [Zipf].
//   - latest: like zipf, but To is the most frequent.
//   - nurand: the non-uniform random numbers of TPC-C (clause 2.1.6), ((random(0,A) | random(From,To)) + C) modulo their
//     range. C is drawn once from the seed and the name.
//   - pool: a row of a query, each equally likely; with Disjoint, connection c of n has every n-th row, starting at row c.
func Compile(p bench.Param, seed uint64, connections int) (*Param, error) {
	c := &Param{param: p, source: NewSource(seed, "param "+p.Name), connections: uint64(max(connections, 1))}
	switch p.Kind {
	case "uniform", "sequence", "zipf", "latest", "nurand":
		if p.From > p.To {
			return nil, fmt.Errorf("from is %d and to is %d, from must not be above to", p.From, p.To)
		}
	}
	var err error
	switch p.Kind {
	case "uniform", "sequence", "pool":
	case "choice":
		err = c.compileChoice()
	case "zipf", "latest":
		err = c.compileZipf()
	case "nurand":
		if p.A < 0 {
			return nil, fmt.Errorf("a is %d, it must not be below 0", p.A)
		}
		if p.From < 0 {
			return nil, fmt.Errorf("from is %d, nurand has no numbers below 0", p.From)
		}
		s := NewSource(seed, "nurand "+p.Name).At(0, 0)
		c.constant = s.Between(0, p.A)
	default:
		return nil, fmt.Errorf("no kind of parameter %q", p.Kind)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (p *Param) compileChoice() (err error) {
	weights := p.param.Weights
	if len(weights) == 0 {
		weights = slices.Repeat([]float64{1}, len(p.param.Values))
	}
	if len(p.param.Values) == 0 || len(weights) != len(p.param.Values) {
		return fmt.Errorf("choice has %d values and %d weights", len(p.param.Values), len(p.param.Weights))
	}
	p.alias, err = newAlias(weights)
	return err
}

func (p *Param) compileZipf() error {
	// Ranks are computed in floating point, which knows all whole numbers up to 2^53.
	if n := p.count(); n == 0 || n > 1<<53 {
		return fmt.Errorf("%s from %d to %d: more than 2^53 values", p.param.Kind, p.param.From, p.param.To)
	}
	if !(p.param.Skew > 0) || math.IsInf(p.param.Skew, 0) {
		return fmt.Errorf("skew is %v, it must be above 0", p.param.Skew)
	}
	p.zipf = NewZipf(int64(p.count()), p.param.Skew)
	return nil
}

// count is how many values lie from From to To; 0 stands for 2^64.
func (p *Param) count() uint64 { return uint64(p.param.To) - uint64(p.param.From) + 1 }

// Fill gives a pool the rows of its query. It sorts them, so that all workers have the same pool whatever the order in
// which the target returned it.
func (p *Param) Fill(columns []string, rows [][]bench.Value) error {
	if len(rows) == 0 {
		return fmt.Errorf("the query returned no rows")
	}
	if p.param.Disjoint && uint64(len(rows)) < p.connections {
		return fmt.Errorf("the query returned %d rows, which are too few for %d connections to have each its own", len(rows), p.connections)
	}
	for i, row := range rows {
		if len(row) != len(columns) {
			return fmt.Errorf("row %d has %d values for %d columns", i+1, len(row), len(columns))
		}
	}
	p.columns = columns
	p.rows = slices.SortedFunc(slices.Values(rows), func(a, b []bench.Value) int {
		return slices.CompareFunc(a, b, bench.Value.Compare)
	})
	return nil
}

// Column is where a column stands in the rows of a filled pool, for Value. The empty name is the only column, which
// other kinds than pools have, too. Letter case matters only when two columns differ in nothing else.
func (p *Param) Column(name string) (int, error) {
	if p.param.Kind != "pool" {
		if name != "" {
			return 0, fmt.Errorf("%s is not a pool and has no column %s", p.param.Name, name)
		}
		return 0, nil
	}
	if name == "" {
		if len(p.columns) != 1 {
			return 0, fmt.Errorf("the pool has %d columns, say which: :%s.%s", len(p.columns), p.param.Name, strings.Join(p.columns, ", :"+p.param.Name+"."))
		}
		return 0, nil
	}
	if i := slices.Index(p.columns, name); i >= 0 {
		return i, nil
	}
	i := slices.IndexFunc(p.columns, func(c string) bool { return strings.EqualFold(c, name) })
	if i < 0 {
		return 0, fmt.Errorf("the pool has no column %s, it has %s", name, strings.Join(p.columns, ", "))
	}
	return i, nil
}

// Value is the value for an operation of a connection. column is as Column says; 0 is the only one.
func (p *Param) Value(connection int, op int64, column int) bench.Value {
	s := p.source.At(connection, op)
	switch p.param.Kind {
	case "uniform":
		return bench.IntValue(s.Between(p.param.From, p.param.To))
	case "sequence":
		return bench.IntValue(int64(uint64(p.param.From) + p.place(uint64(connection), uint64(op))))
	case "choice":
		return p.param.Values[p.alias.draw(&s)]
	case "zipf":
		return bench.IntValue(p.param.From + p.zipf.Draw(&s) - 1)
	case "latest":
		return bench.IntValue(p.param.To - p.zipf.Draw(&s) + 1)
	case "nurand":
		return bench.IntValue(p.nurand(&s))
	default:
		return p.rows[p.row(uint64(connection), &s)][column]
	}
}

// place is the place in a sequence.
func (p *Param) place(connection, op uint64) uint64 {
	n := p.count()
	if n == 0 {
		n = math.MaxUint64
	}
	if n < p.connections {
		return (connection + op%n) % n
	}
	return connection + p.connections*(op%own(n, p.connections, connection))
}

// row is the place of a row in a pool.
func (p *Param) row(connection uint64, s *Stream) uint64 {
	n := uint64(len(p.rows))
	if !p.param.Disjoint {
		return s.Below(n)
	}
	return connection + p.connections*s.Below(own(n, p.connections, connection))
}

// own is how many of n things a connection has, if things c, c+connections, c+2·connections, … are those of connection c.
func own(n, connections, c uint64) uint64 { return (n-1-c)/connections + 1 }

func (p *Param) nurand(s *Stream) int64 {
	from, to := p.param.From, p.param.To
	a := s.Between(0, p.param.A)
	return int64((uint64(a|s.Between(from, to))+uint64(p.constant))%p.count()) + from
}
