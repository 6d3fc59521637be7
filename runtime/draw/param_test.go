package draw

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"bench/runtime/bench"

	"github.com/google/go-cmp/cmp"
)

func compile(t *testing.T, p bench.Param, connections int) *Param {
	t.Helper()
	c, err := Compile(p, 42, connections)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestUniform(t *testing.T) {
	p := compile(t, bench.Param{Name: "n", Kind: "uniform", From: -5, To: 14}, 1)
	counts := make([]int, 20)
	for i := range int64(40_000) {
		counts[p.Value(int(i%8), i/8, 0).Int+5]++
	}
	checkCounts(t, "uniform", counts, evenly(20, 40_000))
}

func TestSequence(t *testing.T) {
	for _, c := range []struct {
		name        string
		from, to    int64
		connections int
		want        [][]int64 // by connection
	}{
		{"one connection wraps", 1, 3, 1, [][]int64{{1, 2, 3, 1, 2, 3, 1}}},
		{"dealt out", 1, 6, 3, [][]int64{{1, 4, 1, 4}, {2, 5, 2, 5}, {3, 6, 3, 6}}},
		{"dealt out unevenly", 10, 14, 2, [][]int64{{10, 12, 14, 10}, {11, 13, 11, 13}}},
		{"as many as connections", 0, 1, 2, [][]int64{{0, 0}, {1, 1}}},
		{"fewer than connections", 0, 1, 3, [][]int64{{0, 1, 0}, {1, 0, 1}, {0, 1, 0}}},
		{"negative", -3, -1, 1, [][]int64{{-3, -2, -1, -3}}},
		{"all there are", math.MinInt64, math.MaxInt64, 2, [][]int64{{math.MinInt64, math.MinInt64 + 2}, {math.MinInt64 + 1, math.MinInt64 + 3}}},
	} {
		p := compile(t, bench.Param{Name: "n", Kind: "sequence", From: c.from, To: c.to}, c.connections)
		for connection, want := range c.want {
			var got []int64
			for op := range want {
				got = append(got, p.Value(connection, int64(op), 0).Int)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: connection %d has %v, want %v", c.name, connection, got, want)
			}
		}
	}
}

func TestSequenceIsDisjointAndComplete(t *testing.T) {
	for _, n := range []int64{7, 8, 100, 101} {
		const connections = 7
		p := compile(t, bench.Param{Name: "n", Kind: "sequence", From: 1, To: n}, connections)
		owner := map[int64]int{}
		for connection := range connections {
			for op := range 3 * n {
				v := p.Value(connection, op, 0).Int
				if other, ok := owner[v]; ok && other != connection {
					t.Fatalf("1 to %d: %d is drawn by connections %d and %d", n, v, other, connection)
				}
				owner[v] = connection
			}
		}
		if len(owner) != int(n) {
			t.Errorf("1 to %d: %d values were drawn", n, len(owner))
		}
	}
}

func TestChoice(t *testing.T) {
	values := []bench.Value{bench.TextValue("a"), bench.IntValue(2), bench.FloatValue(0.5), {}}
	const draws = 40_000
	for _, c := range []struct {
		weights  []float64
		expected []float64
	}{
		{nil, evenly(4, draws)},
		{[]float64{0.5, 0.25, 0.2, 0.05}, []float64{draws * 0.5, draws * 0.25, draws * 0.2, draws * 0.05}},
	} {
		p := compile(t, bench.Param{Name: "c", Kind: "choice", Values: values, Weights: c.weights}, 1)
		counts := make([]int, len(values))
		for i := range int64(draws) {
			counts[slices.Index(values, p.Value(0, i, 0))]++
		}
		checkCounts(t, fmt.Sprint("choice by ", c.weights), counts, c.expected)
	}
}

func TestZipfStartsAtFromAndLatestAtTo(t *testing.T) {
	for _, c := range []struct {
		kind  string
		first int64
		step  int64
	}{{"zipf", 101, 1}, {"latest", 110, -1}} {
		p := compile(t, bench.Param{Name: "z", Kind: c.kind, From: 101, To: 110, Skew: 1.1}, 1)
		counts := make([]int, 10)
		expected := make([]float64, 10)
		var sum float64
		for k := range expected {
			expected[k] = math.Pow(float64(k+1), -1.1)
			sum += expected[k]
		}
		const draws = 40_000
		for i := range int64(draws) {
			counts[(p.Value(0, i, 0).Int-c.first)*c.step]++
		}
		for k := range expected {
			expected[k] *= draws / sum
		}
		checkCounts(t, c.kind, counts, expected)
	}
}

// TestNurand counts the frequencies that clause 2.1.6 implies by going over all pairs of numbers.
func TestNurand(t *testing.T) {
	const a, from, to, draws = 7, 3, 22, 100_000
	p := compile(t, bench.Param{Name: "n", Kind: "nurand", A: a, From: from, To: to}, 1)
	if p.constant < 0 || p.constant > a {
		t.Fatalf("C is %d, not between 0 and %d", p.constant, a)
	}
	expected := make([]float64, to-from+1)
	for x := int64(0); x <= a; x++ {
		for y := int64(from); y <= to; y++ {
			expected[((x|y)+p.constant)%(to-from+1)] += draws / float64((a+1)*(to-from+1))
		}
	}
	counts := make([]int, to-from+1)
	for i := range int64(draws) {
		counts[p.Value(int(i%4), i/4, 0).Int-from]++
	}
	var some []int
	var expect []float64
	for i, e := range expected {
		if e > 0 {
			some, expect = append(some, counts[i]), append(expect, e)
		} else if counts[i] > 0 {
			t.Errorf("%d is impossible and came up %d times", i+from, counts[i])
		}
	}
	checkCounts(t, "nurand", some, expect)

	constants := map[int64]bool{}
	for seed := range uint64(50) {
		p, err := Compile(bench.Param{Name: "n", Kind: "nurand", A: 255, To: 999}, seed, 1)
		if err != nil {
			t.Fatal(err)
		}
		constants[p.constant] = true
	}
	if len(constants) < 30 {
		t.Errorf("50 seeds have %d constants", len(constants))
	}
}

func rows(n int) [][]bench.Value {
	rows := make([][]bench.Value, n)
	for i := range rows {
		rows[i] = []bench.Value{bench.IntValue(int64(i)), bench.TextValue(fmt.Sprint("row ", i))}
	}
	return rows
}

func TestPool(t *testing.T) {
	const connections, n, draws = 4, 10, 40_000
	for _, disjoint := range []bool{false, true} {
		p := compile(t, bench.Param{Name: "order", Kind: "pool", Disjoint: disjoint}, connections)
		if err := p.Fill([]string{"ID", "name"}, rows(n)); err != nil {
			t.Fatal(err)
		}
		id, err := p.Column("id")
		if err != nil {
			t.Fatal(err)
		}
		name, err := p.Column("name")
		if err != nil {
			t.Fatal(err)
		}
		counts := make([]int, n)
		for i := range int64(draws) {
			connection := int(i % connections)
			row := p.Value(connection, i/connections, id).Int
			if got, want := p.Value(connection, i/connections, name).Text, fmt.Sprint("row ", row); got != want {
				t.Fatalf("the columns of a row came apart: %d with %q", row, got)
			}
			if disjoint && int(row)%connections != connection {
				t.Fatalf("row %d is drawn by connection %d", row, connection)
			}
			counts[row]++
		}
		expected := evenly(n, draws)
		if disjoint { // rows 0, 4, 8 and 1, 5, 9 share a quarter of the draws each, rows 2, 6 and 3, 7 too
			for i := range expected {
				expected[i] = draws / connections / float64(3-i%connections/2)
			}
		}
		checkCounts(t, fmt.Sprint("pool, disjoint: ", disjoint), counts, expected)
	}
}

// TestPoolIgnoresTheOrderOfRows is what keeps pools disjoint over workers that each ask the target for themselves.
func TestPoolIgnoresTheOrderOfRows(t *testing.T) {
	forward, backward := rows(100), rows(100)
	slices.Reverse(backward)
	var drawn [2][]bench.Value
	for i, r := range [][][]bench.Value{forward, backward} {
		p := compile(t, bench.Param{Name: "order", Kind: "pool", Disjoint: true}, 8)
		if err := p.Fill([]string{"id", "name"}, r); err != nil {
			t.Fatal(err)
		}
		for op := range int64(100) {
			drawn[i] = append(drawn[i], p.Value(int(op%8), op, 0))
		}
	}
	if diff := cmp.Diff(drawn[0], drawn[1]); diff != "" {
		t.Error(diff)
	}
	if backward[0][0].Int != 99 {
		t.Error("the caller's rows were changed")
	}
}

func TestFillRefuses(t *testing.T) {
	for _, c := range []struct {
		columns []string
		rows    [][]bench.Value
		want    string
	}{
		{[]string{"id", "name"}, nil, "no rows"},
		{[]string{"id", "name"}, rows(3), "3 rows, which are too few for 4 connections"},
		{[]string{"id"}, rows(4), "row 1 has 2 values for 1 columns"},
	} {
		p := compile(t, bench.Param{Name: "order", Kind: "pool", Disjoint: true}, 4)
		if err := p.Fill(c.columns, c.rows); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

func TestColumn(t *testing.T) {
	pool := func(columns ...string) *Param {
		p := compile(t, bench.Param{Name: "order", Kind: "pool"}, 1)
		if err := p.Fill(columns, [][]bench.Value{make([]bench.Value, len(columns))}); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct {
		param  *Param
		column string
		want   int
		err    string // part of the error; empty is none
	}{
		{pool("id"), "", 0, ""},
		{pool("id", "store"), "store", 1, ""},
		{pool("ID", "STORE"), "store", 1, ""},
		{pool("ID", "id"), "id", 1, ""},
		{pool("id", "store"), "", 0, "say which: :order.id, :order.store"},
		{pool("id", "store"), "shop", 0, "no column shop, it has id, store"},
		{compile(t, bench.Param{Name: "n", Kind: "uniform"}, 1), "", 0, ""},
		{compile(t, bench.Param{Name: "n", Kind: "uniform"}, 1), "id", 0, "n is not a pool"},
	} {
		got, err := c.param.Column(c.column)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("column %q of %v is %d, %v; want %d, %q", c.column, c.param.columns, got, err, c.want, c.err)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	two := []bench.Value{bench.IntValue(1), bench.IntValue(2)}
	for _, c := range []struct {
		param bench.Param
		want  string
	}{
		{bench.Param{Kind: "normal"}, `no kind of parameter "normal"`},
		{bench.Param{Kind: "uniform", From: 2, To: 1}, "from is 2 and to is 1"},
		{bench.Param{Kind: "sequence", From: 2, To: 1}, "from is 2 and to is 1"},
		{bench.Param{Kind: "nurand", A: -1, To: 1}, "a is -1"},
		{bench.Param{Kind: "nurand", From: -1, To: 1}, "from is -1"},
		{bench.Param{Kind: "zipf", To: 1}, "skew is 0"},
		{bench.Param{Kind: "zipf", To: 1, Skew: -1}, "skew is -1"},
		{bench.Param{Kind: "zipf", To: 1, Skew: math.NaN()}, "skew is NaN"},
		{bench.Param{Kind: "latest", To: 1, Skew: math.Inf(1)}, "skew is +Inf"},
		{bench.Param{Kind: "zipf", From: math.MinInt64, To: math.MaxInt64, Skew: 1}, "more than 2^53"},
		{bench.Param{Kind: "choice"}, "0 values and 0 weights"},
		{bench.Param{Kind: "choice", Values: two, Weights: []float64{1}}, "2 values and 1 weights"},
		{bench.Param{Kind: "choice", Values: two, Weights: []float64{1, -1}}, "weight 2 is -1"},
		{bench.Param{Kind: "choice", Values: two, Weights: []float64{1, math.NaN()}}, "weight 2 is NaN"},
		{bench.Param{Kind: "choice", Values: two, Weights: []float64{0, 0}}, "add up to 0"},
		{bench.Param{Kind: "choice", Values: two, Weights: []float64{math.MaxFloat64, math.MaxFloat64}}, "add up to +Inf"},
	} {
		if _, err := Compile(c.param, 1, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.param, err, c.want)
		}
	}
}

// TestDrawsNeverChange pins the first draws of a seed: a run must be repeatable by every later version.
func TestDrawsNeverChange(t *testing.T) {
	draw := func(p bench.Param) []int64 {
		p.Name = "n"
		c := compile(t, p, 4)
		var drawn []int64
		for i := range int64(6) {
			drawn = append(drawn, c.Value(int(i%2), i/2, 0).Int)
		}
		return drawn
	}
	index := func(p Pick) []int64 {
		var drawn []int64
		for i := range int64(6) {
			drawn = append(drawn, int64(p.Index(int(i%2), i/2)))
		}
		return drawn
	}
	raw := func() []int64 {
		s := NewSource(42, "n").At(1, 2)
		return []int64{int64(s.Uint64()), int64(s.Uint64())}
	}
	for _, c := range []struct {
		name      string
		got, want []int64
	}{
		{"stream", raw(), []int64{8180005029327040264, -1780780285404049641}},
		{"uniform", draw(bench.Param{Kind: "uniform", From: 1, To: 1_000_000}), []int64{677767, 909050, 493450, 578409, 550138, 528562}},
		{"choice", draw(bench.Param{
			Kind: "choice", Values: []bench.Value{bench.IntValue(1), bench.IntValue(2), bench.IntValue(3)}, Weights: []float64{3, 2, 1},
		}), []int64{3, 2, 2, 1, 1, 1}},
		{"zipf", draw(bench.Param{Kind: "zipf", From: 1, To: 1_000_000, Skew: 0.99}), []int64{72, 2, 1057, 310, 467, 638}},
		{"latest", draw(bench.Param{Kind: "latest", From: 1, To: 1_000_000, Skew: 0.99}), []int64{999929, 999999, 998944, 999691, 999534, 999363}},
		{"nurand", draw(bench.Param{Kind: "nurand", A: 8191, From: 1, To: 100_000}), []int64{15640, 97406, 2174, 3846, 57053, 14364}},
		{"random pick", index(newPick(t, "random", 45, 43, 4, 4, 4)), []int64{1, 2, 1, 1, 1, 2}},
		{"deck", index(newPick(t, "deck", 1, 1, 1, 1, 1, 1, 1, 1)), []int64{5, 4, 6, 6, 0, 3}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: drawn %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestDrawingAllocatesNothing(t *testing.T) {
	pool := compile(t, bench.Param{Kind: "pool"}, 1)
	if err := pool.Fill([]string{"id", "name"}, rows(9)); err != nil {
		t.Fatal(err)
	}
	params := []*Param{pool}
	for _, p := range []bench.Param{
		{Kind: "uniform", To: 9}, {Kind: "sequence", To: 9}, {Kind: "zipf", To: 9, Skew: 0.5}, {Kind: "latest", To: 9, Skew: 2},
		{Kind: "nurand", A: 3, To: 9}, {Kind: "choice", Values: []bench.Value{bench.TextValue("x"), bench.TextValue("y")}},
	} {
		params = append(params, compile(t, p, 1))
	}
	random, deck := newPick(t, "random", 1, 2), newPick(t, "deck", 1, 2)
	op := int64(0)
	if allocs := testing.AllocsPerRun(100, func() {
		for _, p := range params {
			p.Value(0, op, 0)
		}
		random.Index(0, op)
		deck.Index(0, op)
		op++
	}); allocs != 0 {
		t.Errorf("drawing allocates %v times", allocs)
	}
}
