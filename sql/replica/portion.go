package replica

import (
	"fmt"
	"slices"
	"strings"
)

// A portion is what goes to a replica at once: rows of its tables, of those whose rows belong to a run and have a change.
type portion struct {
	tables map[string]*table // by name in small letters
	order  []*table
}

// A table collects its rows of a portion, column by column.
type table struct {
	name    string // as the replica spells it, like those of its columns
	columns []column
	places  []int // of the values of a row among columns; made with the first row of a portion
	rows    int
}

type column struct {
	name, kind string
	key        bool
	array      array
}

// An array collects the values that one column has in a portion.
type array interface {
	add(value any) error // as the journal has it: nil, int64, float64, string or []byte
	values() any         // a slice
	clear()
}

// A list is an array of elements that are nil for NULL.
type list[T any] struct {
	all  []T
	read func(value any) (T, error)
}

func (l *list[T]) add(value any) error {
	var x T
	if value != nil {
		var err error
		if x, err = l.read(value); err != nil {
			return err
		}
	}
	l.all = append(l.all, x)
	return nil
}

func (l *list[T]) values() any { return l.all }

func (l *list[T]) clear() {
	clear(l.all) // lets go of what was sent
	l.all = l.all[:0]
}

// together are tables of which a portion holds all rows that agree in the given columns: those of one second, of one
// result, of one enrichment. What the replica has of them besides is gone from the journal.
var together = map[string][]string{
	"run_seconds":    {"run_id", "second"},
	"run_results":    {"run_id"},
	"run_enrichment": {"run_id"},
}

// once are columns that come with the first row only, and never change.
var once = map[string][]string{"run_status": {"plan", "spec_text"}}

// is reports whether a column is one of some columns, given in small letters.
func (c column) is(columns []string) bool { return slices.Contains(columns, strings.ToLower(c.name)) }

// learn adds a column to its table; columns come in the order of tables. kinds makes the arrays.
func (p *portion) learn(name string, c column, kinds map[string]func() array) error {
	of := kinds[c.kind]
	if of == nil {
		return fmt.Errorf("column %s.%s is a %s, which nothing in a journal is", name, c.name, c.kind)
	}
	c.array = of()
	t := p.tables[strings.ToLower(name)]
	if t == nil {
		t = &table{name: name}
		p.tables[strings.ToLower(name)], p.order = t, append(p.order, t)
	}
	t.columns = append(t.columns, c)
	return nil
}

// add takes a row of the journal into the portion.
func (p *portion) add(table string, columns []string, row []any) error {
	t := p.tables[strings.ToLower(table)]
	if t == nil {
		return fmt.Errorf("the replica has no table %s", table)
	}
	if t.places == nil {
		if err := t.match(columns); err != nil {
			return err
		}
	}
	for i, v := range row {
		c := &t.columns[t.places[i]]
		if err := c.array.add(v); err != nil {
			return fmt.Errorf("column %s.%s: %w", t.name, c.name, err)
		}
	}
	t.rows++
	return nil
}

// match finds the columns of the journal in the replica. Both have the same.
func (t *table) match(columns []string) error {
	if len(columns) != len(t.columns) {
		return fmt.Errorf("table %s has %d columns in the journal and %d in the replica", t.name, len(columns), len(t.columns))
	}
	for _, name := range columns {
		i := slices.IndexFunc(t.columns, func(c column) bool { return strings.EqualFold(c.name, name) })
		if i < 0 {
			return fmt.Errorf("the replica's table %s has no column %s", t.name, name)
		}
		t.places = append(t.places, i)
	}
	return nil
}

// clear forgets the rows.
func (p *portion) clear() {
	for _, t := range p.order {
		t.places, t.rows = nil, 0
		for i := range t.columns {
			t.columns[i].array.clear()
		}
	}
}
