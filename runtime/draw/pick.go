package draw

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// A Pick says which of several things an operation is about, by weight.
type Pick struct {
	source Source
	alias  alias
	deck   []uint64 // how many cards there are up to and with each index; nil when not a deck
}

// NewPick makes a pick by kind:
//
//   - "random": each draw is independent of the others.
//   - "deck": each connection goes through a deck in which index i stands on weights[i] cards, and shuffles it anew for
//     each round. So every round has every index exactly as often as its weight says.
func NewPick(kind string, seed uint64, weights []int) (Pick, error) {
	floats := make([]float64, len(weights))
	for i, w := range weights {
		floats[i] = float64(w)
	}
	table, err := newAlias(floats)
	if err != nil {
		return Pick{}, err
	}
	p := Pick{source: NewSource(seed, "pick"), alias: table}
	switch kind {
	case "random":
	case "deck":
		var cards uint64
		for _, w := range weights {
			cards += uint64(w)
			p.deck = append(p.deck, cards)
		}
		if cards > math.MaxInt32 {
			return Pick{}, fmt.Errorf("a deck of %d cards is too large, divide the weights by a common factor", cards)
		}
	default:
		return Pick{}, fmt.Errorf("no pick %q, use random or deck", kind)
	}
	return p, nil
}

// Index is the index for an operation of a connection.
func (p *Pick) Index(connection int, op int64) int {
	if p.deck == nil {
		s := p.source.At(connection, op)
		return p.alias.draw(&s)
	}
	cards := p.deck[len(p.deck)-1]
	s := p.source.At(connection, op/int64(cards))
	card := shuffled(uint64(op%int64(cards)), cards, s)
	i, _ := slices.BinarySearch(p.deck, card+1)
	return i
}

// shuffled is where place x of n is sent by a permutation that a stream stands for. It is the swap-or-not shuffle
// (Hoang, Morris, Rogaway, "An Enciphering Scheme Based on a Card Shuffle", CRYPTO 2012): every round pairs all places,
// x with k-x modulo n, and swaps each pair or not by a bit of its own. So one card is found without dealing the others.
// The distance from a uniform shuffle falls by a constant factor each round; there are twice as many rounds as it takes
// for the tests to see no difference.
func shuffled(x, n uint64, s Stream) uint64 {
	for range 4 * (bits.Len64(n) + 2) {
		partner := s.Below(n) + n - x
		if partner >= n {
			partner -= n
		}
		if mix(s.Uint64()+max(x, partner))&1 == 1 {
			x = partner
		}
	}
	return x
}
