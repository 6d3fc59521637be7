package draw

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func newPick(t *testing.T, kind string, weights ...int) Pick {
	t.Helper()
	p, err := NewPick(kind, 42, weights)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRandomPickFollowsWeights(t *testing.T) {
	for _, weights := range [][]int{{1}, {1, 1}, {90, 10}, {1, 0, 2}, {45, 43, 4, 4, 4}, {1, 1000}, {7, 5, 3, 2, 1, 1, 1, 80}} {
		const draws = 100_000
		var sum int
		for _, w := range weights {
			sum += w
		}
		p := newPick(t, "random", weights...)
		counts := make([]int, len(weights))
		for i := range draws {
			counts[p.Index(i%16, int64(i/16))]++
		}
		var drawn []int
		var expected []float64
		for i, w := range weights {
			if w == 0 {
				if counts[i] > 0 {
					t.Errorf("index %d of %v has no weight and came up %d times", i, weights, counts[i])
				}
				continue
			}
			drawn = append(drawn, counts[i])
			expected = append(expected, draws*float64(w)/float64(sum))
		}
		if len(drawn) > 1 {
			checkCounts(t, fmt.Sprint(weights), drawn, expected)
		}
	}
}

func TestDeckHasEveryCardOnceARound(t *testing.T) {
	for _, weights := range [][]int{{1}, {1, 1}, {3}, {90, 10}, {1, 0, 2}, {1, 2, 3, 4, 5}, {999, 1}} {
		p := newPick(t, "deck", weights...)
		cards := 0
		for _, w := range weights {
			cards += w
		}
		for connection := range 3 {
			for round := range 20 {
				counts := make([]int, len(weights))
				for i := range cards {
					counts[p.Index(connection, int64(round*cards+i))]++
				}
				for i, w := range weights {
					if counts[i] != w {
						t.Fatalf("weights %v, connection %d, round %d: index %d came up %d times", weights, connection, round, i, counts[i])
					}
				}
			}
		}
	}
}

// TestDeckIsShuffled expects every order of few cards equally often, and of more cards each on each place.
func TestDeckIsShuffled(t *testing.T) {
	for cards := 2; cards <= 5; cards++ {
		orders := 1
		for i := range cards {
			orders *= i + 1
		}
		const rounds = 24_000
		p := newPick(t, "deck", make1(cards)...)
		counts := make([]int, orders)
		for round := range int64(rounds) {
			order, used := 0, 0
			for place := range cards {
				card := p.Index(int(round%7), round/7*int64(cards)+int64(place))
				smaller := 0
				for c := range card {
					smaller += 1 - used>>c&1
				}
				order = order*(cards-place) + smaller
				used |= 1 << card
			}
			counts[order]++
		}
		checkCounts(t, fmt.Sprintf("orders of %d cards", cards), counts, evenly(orders, rounds))
	}
	for _, cards := range []int{22, 99} {
		const rounds = 3000
		p := newPick(t, "deck", make1(cards)...)
		counts := make([]int, cards*cards)
		follows := make([]int, cards*cards)
		for round := range int64(rounds) {
			previous := -1
			for place := range cards {
				card := p.Index(1, round*int64(cards)+int64(place))
				counts[place*cards+card]++
				if previous >= 0 {
					follows[previous*cards+card]++
				}
				previous = card
			}
		}
		checkCounts(t, "cards on places", counts, evenly(cards*cards, cards*rounds))
		var pairs []int
		for i, n := range follows {
			if i/cards != i%cards {
				pairs = append(pairs, n)
			}
		}
		checkCounts(t, "cards after cards", pairs, evenly(len(pairs), (cards-1)*rounds))
	}
}

func make1(n int) []int {
	ones := make([]int, n)
	for i := range ones {
		ones[i] = 1
	}
	return ones
}

func TestNewPickRefuses(t *testing.T) {
	for _, c := range []struct {
		kind    string
		weights []int
		want    string
	}{
		{"random", nil, "weights add up to 0"},
		{"random", []int{0, 0}, "weights add up to 0"},
		{"deck", []int{2, -1}, "weight 2 is -1"},
		{"deck", []int{math.MaxInt32, 1}, "too large"},
		{"shuffle", []int{1}, `no pick "shuffle"`},
	} {
		if _, err := NewPick(c.kind, 1, c.weights); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: error %v, want one with %q", c.kind, c.weights, err, c.want)
		}
	}
}

func BenchmarkPick(b *testing.B) {
	for _, kind := range []string{"random", "deck"} {
		p, err := NewPick(kind, 1, []int{90, 5, 5})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(kind, func(b *testing.B) {
			b.ReportAllocs()
			for i := int64(0); b.Loop(); i++ {
				p.Index(1, i)
			}
		})
	}
}
