package replica

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"bench/runtime/bench"
)

// A postgresLine feeds a portion with one statement, which is made from the tables as they are in the replica.
type postgresLine struct {
	conn *pgx.Conn
	rows portion
	text string // of the statement
}

// open connects. The server ends a statement whose client has given it up, so that it does not hold up the next one for
// long.
func (p *postgres) open(ctx context.Context, limit time.Duration) (line, error) {
	conn, err := pgx.ConnectConfig(ctx, p.config)
	if err != nil {
		return nil, refused(ctx, p, err)
	}
	l := &postgresLine{conn: conn, rows: portion{tables: map[string]*table{}}}
	if _, err := conn.Exec(ctx, "SELECT set_config('statement_timeout', $1, false)", strconv.FormatInt(limit.Milliseconds(), 10)); err != nil {
		l.close()
		return nil, within(ctx, p, "set up the session", err)
	}
	if err := l.learn(ctx); err != nil {
		l.close()
		return nil, within(ctx, p, "read its tables", err)
	}
	l.write()
	return l, nil
}

func (l *postgresLine) portion() *portion { return &l.rows }

func (*postgresLine) warehouse() *bench.Warehouse { return nil }

func (l *postgresLine) progress(ctx context.Context, journal string) (position int64, err error) {
	_, err = l.conn.Exec(ctx, `INSERT INTO REPLICA_PROGRESS (JOURNAL_ID, FED_CHANGE_NO, HEAD_CHANGE_NO, FED_AT)
		VALUES ($1, 0, 0, clock_timestamp()) ON CONFLICT DO NOTHING`, journal)
	if err == nil {
		err = l.conn.QueryRow(ctx, "SELECT FED_CHANGE_NO FROM REPLICA_PROGRESS WHERE JOURNAL_ID = $1", journal).Scan(&position)
	}
	return position, err
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

// learn reads the tables.
func (l *postgresLine) learn(ctx context.Context) error {
	found, err := l.conn.Query(ctx, readTables)
	if err != nil {
		return err
	}
	var name string
	var c column
	_, err = pgx.ForEachRow(found, []any{&name, &c.name, &c.kind, &c.key}, func() error { return l.rows.learn(name, c, postgresArrays) })
	return err
}

// parameters of the statement that come before the arrays.
const parameters = 4 // journal, change before, change after, head

// write makes the text. The gate moves the journal's progress on, if it is where the portion begins; everything else
// happens only behind the gate, in the same snapshot, and commits with it. Foreign keys are checked at the end.
func (l *postgresLine) write() {
	var b strings.Builder
	b.WriteString(`WITH gate AS (
    UPDATE replica_progress SET fed_change_no = $3, head_change_no = $4, fed_at = clock_timestamp()
    WHERE journal_id = $1 AND fed_change_no = $2
    RETURNING 1)`)
	n := parameters
	for _, t := range l.rows.order {
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
			case c.is(once[t.name]):
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
	l.text = b.String()
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// send runs the statement, which says whether the gate was open.
func (l *postgresLine) send(ctx context.Context, journal string, after, upto, head int64) (open bool, err error) {
	args := []any{journal, after, upto, head}
	for _, t := range l.rows.order {
		for i := range t.columns {
			args = append(args, t.columns[i].array.values())
		}
	}
	err = l.conn.QueryRow(ctx, l.text, args...).Scan(&open)
	return open, err
}

// close takes leave of the server, unless the connection is lost.
func (l *postgresLine) close() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	l.conn.Close(ctx)
}
