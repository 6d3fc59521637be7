package replica

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A statement is the one that feeds a portion. It is made from the tables as they are in the replica: those whose rows
// belong to a run and have a change.
type statement struct {
	text   string
	tables map[string]*table
	order  []*table
}

// A table collects its rows of a portion.
type table struct {
	name    string
	columns []column
	places  []int // of the values of a row among columns; made with the first row of a portion
}

type column struct {
	name, kind string
	key        bool
	array      array
}

// readTables asks the replica for its tables, their columns in order, and their keys.
const readTables = `
SELECT T.relname::text, C.attname::text, format_type(C.atttypid, NULL), C.attnum = ANY (K.indkey)
FROM pg_class AS T
JOIN pg_index AS K ON K.indrelid = T.oid AND K.indisprimary
JOIN pg_attribute AS C ON C.attrelid = T.oid AND C.attnum > 0 AND NOT C.attisdropped
WHERE T.relnamespace = current_schema()::regnamespace
  AND T.relkind = 'r'
  AND 2 = (SELECT COUNT(*) FROM pg_attribute AS B
           WHERE B.attrelid = T.oid AND NOT B.attisdropped AND B.attname IN ('run_id', 'change_no'))
ORDER BY T.relname, C.attnum`

// newStatement makes the statement for the replica that conn is connected to.
func newStatement(ctx context.Context, conn *pgx.Conn) (*statement, error) {
	found, err := conn.Query(ctx, readTables)
	if err != nil {
		return nil, err
	}
	s := &statement{tables: map[string]*table{}}
	var name string
	var c column
	_, err = pgx.ForEachRow(found, []any{&name, &c.name, &c.kind, &c.key}, func() error {
		of := arrays[c.kind]
		if of == nil {
			return fmt.Errorf("column %s.%s is a %s, which nothing in a journal is", name, c.name, c.kind)
		}
		t := s.tables[name]
		if t == nil {
			t = &table{name: name}
			s.tables[name], s.order = t, append(s.order, t)
		}
		t.columns = append(t.columns, column{c.name, c.kind, c.key, of()})
		return nil
	})
	s.write()
	return s, err
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

// parameters of the statement that come before the arrays.
const parameters = 4 // journal, change before, change after, head

// write makes the text. The gate moves the journal's progress on, if it is where the portion begins; everything else
// happens only behind the gate, in the same snapshot, and commits with it. Foreign keys are checked at the end.
func (s *statement) write() {
	var b strings.Builder
	b.WriteString(`WITH gate AS (
    UPDATE replica_progress SET fed_change_no = $3, head_change_no = $4, fed_at = clock_timestamp()
    WHERE journal_id = $1 AND fed_change_no = $2
    RETURNING 1)`)
	n := parameters
	for _, t := range s.order {
		var arrays, names, selected, keys, updates []string
		for _, c := range t.columns {
			n++
			name, kind, value := quote(c.name), c.kind, quote(c.name)
			if kind == "json" { // an array of texts; the documents are not read on their way
				kind, value = "text", name+"::json"
			}
			arrays = append(arrays, fmt.Sprintf("$%d::%s[]", n, kind))
			names = append(names, name)
			selected = append(selected, value)
			switch {
			case c.key:
				keys = append(keys, name)
			case slices.Contains(once[t.name], c.name):
				updates = append(updates, fmt.Sprintf("%s = COALESCE(t.%[1]s, EXCLUDED.%[1]s)", name))
			default:
				updates = append(updates, fmt.Sprintf("%s = EXCLUDED.%[1]s", name))
			}
		}
		list := func(of []string) string { return strings.Join(of, ", ") }
		fmt.Fprintf(&b, `,
%[1]s AS (
    SELECT * FROM unnest(%[2]s) AS u (%[3]s)),
%[4]s AS (
    INSERT INTO %[5]s AS t (%[3]s)
    SELECT %[6]s FROM %[1]s WHERE EXISTS (SELECT FROM gate)
    ON CONFLICT (%[7]s) DO UPDATE SET %[8]s
    WHERE t.change_no < EXCLUDED.change_no)`,
			quote("new_"+t.name), list(arrays), list(names), quote("put_"+t.name), quote(t.name), list(selected), list(keys), list(updates))

		group := together[t.name]
		if group == nil {
			continue
		}
		same := func(other string, columns []string) string {
			var equal []string
			for _, c := range columns {
				equal = append(equal, fmt.Sprintf("t.%s = %s.%[1]s", c, other))
			}
			return strings.Join(equal, " AND ")
		}
		fmt.Fprintf(&b, `,
%[1]s AS (
    DELETE FROM %[2]s AS t USING (SELECT DISTINCT %[3]s, change_no FROM %[4]s) AS g
    WHERE %[5]s AND t.change_no < g.change_no
      AND NOT EXISTS (SELECT FROM %[4]s AS n WHERE %[6]s)
      AND EXISTS (SELECT FROM gate))`,
			quote("gone_"+t.name), quote(t.name), list(group), quote("new_"+t.name), same("g", group), same("n", keys))
	}
	b.WriteString("\nSELECT EXISTS (SELECT FROM gate)")
	s.text = b.String()
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// add takes a row of the journal into the portion.
func (s *statement) add(table string, columns []string, row []any) error {
	t := s.tables[strings.ToLower(table)]
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
	return nil
}

// match finds the columns of the journal in the replica. Both have the same.
func (t *table) match(columns []string) error {
	if len(columns) != len(t.columns) {
		return fmt.Errorf("table %s has %d columns in the journal and %d in the replica", t.name, len(columns), len(t.columns))
	}
	for _, name := range columns {
		i := slices.IndexFunc(t.columns, func(c column) bool { return c.name == strings.ToLower(name) })
		if i < 0 {
			return fmt.Errorf("the replica's table %s has no column %s", t.name, name)
		}
		t.places = append(t.places, i)
	}
	return nil
}

// run feeds the portion and reports whether the gate was open.
func (s *statement) run(ctx context.Context, conn *pgx.Conn, journal string, after, upto, head int64) (bool, error) {
	args := []any{journal, after, upto, head}
	for _, t := range s.order {
		for i := range t.columns {
			args = append(args, t.columns[i].array.values())
		}
	}
	var open bool
	err := conn.QueryRow(ctx, s.text, args...).Scan(&open)
	return open, err
}

// clear forgets the portion.
func (s *statement) clear() {
	for _, t := range s.order {
		t.places = nil
		for i := range t.columns {
			t.columns[i].array.clear()
		}
	}
}
