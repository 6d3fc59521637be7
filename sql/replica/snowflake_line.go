package replica

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"bench/runtime/bench"
)

// A snowflakeLine feeds a portion in one transaction: the journal's progress, then of every table that has rows what they
// replace, then the rows. Snowflake has no statement that writes several tables behind a gate, and its scripting would
// commit by itself what fails half-way.
//
// All rows of a table go in one text, as a JSON array of arrays that FLATTEN turns into rows. So there is one statement a
// table, the same for every portion, with one argument. The driver's own way, arrays as arguments, only inserts; and above a
// size it makes a stage, which is DDL and commits the transaction.
type snowflakeLine struct {
	db     *sql.DB
	conn   *sql.Conn
	rows   portion
	merges map[*table]string // how rows get into their table
	clears map[*table]string // how those before them get out, of tables whose rows belong together
	works  *bench.Warehouse  // nil when the role may not see it
}

// documentBytes is how long a text of rows may get, unless one row alone is longer. Snowflake parses up to 16 MiB, but takes
// only 1 MB as the text of a statement; it does not say that what is bound to one does not count.
const documentBytes = 900_000

// open connects.
func (s *snowflake) open(ctx context.Context, limit time.Duration) (_ line, err error) {
	l := &snowflakeLine{db: s.limited(limit), rows: portion{tables: map[string]*table{}}, merges: map[*table]string{}, clears: map[*table]string{}}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if l.conn, err = l.db.Conn(ctx); err != nil {
		return nil, within(ctx, s, "open a session", err)
	}
	if err := l.learn(ctx); err != nil {
		return nil, within(ctx, s, "read its tables", err)
	}
	l.works = l.survey(ctx)
	for _, t := range l.rows.order {
		l.merges[t] = merge(t)
		if group := together[strings.ToLower(t.name)]; group != nil {
			l.clears[t] = clearing(t, group)
		}
	}
	return l, nil
}

func (l *snowflakeLine) portion() *portion { return &l.rows }

// readColumns asks the replica for the columns of those of its tables that are fed, in order.
const readColumns = `
SELECT C.TABLE_NAME, C.COLUMN_NAME, C.DATA_TYPE
FROM INFORMATION_SCHEMA.COLUMNS AS C
WHERE C.TABLE_SCHEMA = CURRENT_SCHEMA()
  AND C.TABLE_NAME IN (SELECT TABLE_NAME FROM INFORMATION_SCHEMA.COLUMNS
                       WHERE TABLE_SCHEMA = CURRENT_SCHEMA() AND COLUMN_NAME IN ('RUN_ID', 'CHANGE_NO')
                       GROUP BY TABLE_NAME HAVING COUNT(*) = 2)
ORDER BY C.TABLE_NAME, C.ORDINAL_POSITION`

// learn reads the tables.
func (l *snowflakeLine) learn(ctx context.Context) error {
	keys, err := l.keys(ctx)
	if err != nil {
		return err
	}
	found, err := l.conn.QueryContext(ctx, readColumns)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		var name string
		var c column
		if err := found.Scan(&name, &c.name, &c.kind); err != nil {
			return err
		}
		c.key = keys[name+"."+c.name]
		if err := l.rows.learn(name, c, snowflakeArrays); err != nil {
			return err
		}
	}
	return found.Err()
}

// keys reads which columns are in a primary key, as TABLE.COLUMN.
func (l *snowflakeLine) keys(ctx context.Context) (map[string]bool, error) {
	keys := map[string]bool{}
	err := l.show(ctx, "SHOW PRIMARY KEYS IN SCHEMA", func(row map[string]string) { keys[row["table_name"]+"."+row["column_name"]] = true })
	return keys, err
}

// survey looks at the warehouse of the session; nil when there is none to be seen. Feeding does not depend on it.
func (l *snowflakeLine) survey(ctx context.Context) (w *bench.Warehouse) {
	var name sql.NullString
	if err := l.conn.QueryRowContext(ctx, "SELECT CURRENT_WAREHOUSE()").Scan(&name); err != nil {
		return nil
	}
	l.show(ctx, "SHOW WAREHOUSES", func(row map[string]string) {
		if row["name"] == name.String {
			w = &bench.Warehouse{Name: row["name"], State: row["state"], Size: row["size"], Raw: row}
		}
	})
	return w
}

func (l *snowflakeLine) warehouse() *bench.Warehouse { return l.works }

// show gives the rows of a SHOW by their columns' names: which columns there are depends on the edition and on the year.
func (l *snowflakeLine) show(ctx context.Context, statement string, each func(row map[string]string)) error {
	found, err := l.conn.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		return err
	}
	row, into := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range row {
		into[i] = &row[i]
	}
	for found.Next() {
		if err := found.Scan(into...); err != nil {
			return err
		}
		named := map[string]string{}
		for i, column := range columns {
			named[column] = string(row[i])
		}
		each(named)
	}
	return found.Err()
}

// source is the rows of a document as a table of some columns.
func source(columns []column) string {
	var values []string
	for i, c := range columns {
		values = append(values, fmt.Sprintf(fromJSON[c.kind]+` AS "%s"`, i, c.name))
	}
	return "(SELECT " + strings.Join(values, ", ") + " FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) AS f)"
}

// merge writes the statement that puts rows into a table, but in place of a newer one. Its argument is the document.
func merge(t *table) string {
	var names, values, sets, same []string
	for _, c := range t.columns {
		name := `"` + c.name + `"`
		names = append(names, name)
		values = append(values, "n."+name)
		switch {
		case c.key:
			same = append(same, fmt.Sprintf("t.%s = n.%[1]s", name))
		case !c.is(once[strings.ToLower(t.name)]):
			sets = append(sets, fmt.Sprintf("%s = n.%[1]s", name))
		}
	}
	return fmt.Sprintf(`MERGE INTO %s AS t
USING %s AS n
ON %s
WHEN MATCHED AND t."CHANGE_NO" < n."CHANGE_NO" THEN UPDATE SET %s
WHEN NOT MATCHED THEN INSERT (%s) VALUES (%s)`,
		t.name, source(t.columns), strings.Join(same, " AND "), strings.Join(sets, ", "), strings.Join(names, ", "), strings.Join(values, ", "))
}

// clearing writes the statement that deletes what is older than the rows that replace it. Its argument is a document of the
// columns of the group, and the change.
func clearing(t *table, group []string) string {
	var same []string
	columns := t.only(group)
	for _, c := range columns {
		if c.name != "CHANGE_NO" {
			same = append(same, fmt.Sprintf(`%s."%s" = n."%[2]s"`, t.name, c.name))
		}
	}
	return fmt.Sprintf("DELETE FROM %s\nUSING %s AS n\nWHERE %s AND %[1]s.\"CHANGE_NO\" < n.\"CHANGE_NO\"",
		t.name, source(columns), strings.Join(same, " AND "))
}

// only is the columns of a group, named in small letters, and the change.
func (t *table) only(group []string) []column {
	return slices.DeleteFunc(slices.Clone(t.columns), func(c column) bool { return !c.is(group) && c.name != "CHANGE_NO" })
}

// beginAt0 makes the row of a journal that was never fed.
const beginAt0 = `MERGE INTO REPLICA_PROGRESS AS t
USING (SELECT ? AS "ID") AS n
ON t.JOURNAL_ID = n."ID"
WHEN NOT MATCHED THEN INSERT (JOURNAL_ID, FED_CHANGE_NO, HEAD_CHANGE_NO, FED_AT) VALUES (n."ID", 0, 0, CURRENT_TIMESTAMP())`

// readProgress reads it.
const readProgress = "SELECT FED_CHANGE_NO FROM REPLICA_PROGRESS WHERE JOURNAL_ID = ?"

// progress reads how far a journal has been fed.
func (l *snowflakeLine) progress(ctx context.Context, journal string) (position int64, err error) {
	if _, err := l.conn.ExecContext(ctx, beginAt0, journal); err != nil {
		return 0, err
	}
	err = l.conn.QueryRowContext(ctx, readProgress, journal).Scan(&position)
	return position, err
}

// openGate moves the progress on, if it is where the portion begins. The row stays locked until the transaction ends: a
// portion that was given up and comes through late has either locked it before, and is waited for, or finds it moved.
const openGate = `UPDATE REPLICA_PROGRESS
SET FED_CHANGE_NO = ?, HEAD_CHANGE_NO = ?, FED_AT = CURRENT_TIMESTAMP()
WHERE JOURNAL_ID = ? AND FED_CHANGE_NO = ?`

// send feeds the portion. After an error the line must be closed, which ends the transaction.
func (l *snowflakeLine) send(ctx context.Context, journal string, after, upto, head int64) (bool, error) {
	if _, err := l.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return false, err
	}
	result, err := l.conn.ExecContext(ctx, openGate, upto, head, journal, after)
	if err != nil {
		return false, err
	}
	moved, err := result.RowsAffected()
	if err != nil {
		return false, err
	}
	if moved == 0 {
		_, err := l.conn.ExecContext(ctx, "ROLLBACK")
		return false, err
	}
	for _, t := range l.rows.order {
		if err := l.put(ctx, t); err != nil {
			return false, &tableError{t.name, err}
		}
	}
	_, err = l.conn.ExecContext(ctx, "COMMIT")
	return err == nil, err
}

// put sends the rows of a table.
func (l *snowflakeLine) put(ctx context.Context, t *table) error {
	if t.rows == 0 {
		return nil
	}
	if group := together[strings.ToLower(t.name)]; group != nil {
		if err := l.each(ctx, l.clears[t], t.only(group), t.rows); err != nil {
			return err
		}
	}
	return l.each(ctx, l.merges[t], t.columns, t.rows)
}

// each runs a statement for rows of some columns, as many at once as go into a document.
func (l *snowflakeLine) each(ctx context.Context, statement string, columns []column, rows int) error {
	for from := 0; from < rows; {
		text, n := rowsInJSON(columns, from, rows)
		if _, err := l.conn.ExecContext(ctx, statement, text); err != nil {
			return err
		}
		from += n
	}
	return nil
}

// rowsInJSON writes rows from one on, at least that one, before the text would get too long, and says how many they are.
func rowsInJSON(columns []column, from, end int) (text string, rows int) {
	values := make([][]json.RawMessage, len(columns))
	for i, c := range columns {
		values[i] = c.array.values().([]json.RawMessage)
	}
	var b bytes.Buffer
	for row := from; row < end; row++ {
		before, separator := b.Len(), byte('[')
		if rows > 0 {
			separator = ','
		}
		b.WriteByte(separator)
		separator = '['
		for _, column := range values {
			b.WriteByte(separator)
			separator = ','
			if value := column[row]; value != nil {
				b.Write(value)
			} else {
				b.WriteString("null")
			}
		}
		b.WriteByte(']')
		if rows > 0 && b.Len() >= documentBytes {
			b.Truncate(before)
			break
		}
		rows++
	}
	b.WriteByte(']')
	return b.String(), rows
}

// close ends the session, and so a transaction that is open in it.
func (l *snowflakeLine) close() {
	if l.conn != nil {
		l.conn.Close()
	}
	l.db.Close()
}
