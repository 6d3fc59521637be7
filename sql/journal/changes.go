package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"bench/sql/dialect"
)

// ID is the journal's own random name, made with the journal. It tells journals that feed one replica apart.
func (r *Reader) ID(ctx context.Context) (id string, err error) {
	err = r.db.QueryRowContext(ctx, r.set["ReadJournalID"]).Scan(&id)
	return id, within("read the id of the journal", err)
}

// Backlog says what has changed after the change with the given number: the newest number, how many rows were written
// (one that was written three times counts three times), and when the oldest of these changes was made; it is the zero
// time when there is none. A number that the journal has not given out yet is an error.
func (r *Reader) Backlog(ctx context.Context, after int64) (head, rows int64, oldest time.Time, err error) {
	err = within("read the backlog", r.snapshot(ctx, func(s *snapshot) error {
		if err := s.at(after); err != nil {
			return err
		}
		head, rows = s.head, s.rows-s.rowsBefore
		if head == after {
			return nil
		}
		var next int64
		return s.row("ReadNextChange", after).Scan(&next, dialect.ScanTime(&oldest))
	}))
	return head, rows, oldest, err
}

// Changes calls each for every row that was written last after the change with the given number, up to a change whose
// number it returns; it is the given one when there is nothing new. What one transaction wrote stays together, and each
// row comes as it is now, so that a later portion never holds anything older. The portion ends before it exceeds about so
// many rows or bytes, but has at least one change.
//
// A run comes with the change that created it and again with the last one that wrote it, so always before what belongs to
// it. Where it comes again, its columns PLAN and SPEC_TEXT, which never change, are NULL. What was deleted does not come:
// rows of one second, or of one result, replace those that were there before.
//
// Values are nil, int64, float64, string or []byte; row is only valid during the call.
func (r *Reader) Changes(ctx context.Context, after, rows, bytes int64,
	each func(table string, columns []string, row []any) error) (upto int64, err error) {
	err = within("read changes", r.snapshot(ctx, func(s *snapshot) error {
		if err := s.at(after); err != nil {
			return err
		}
		if s.head == after {
			upto = after
			return nil
		}
		// A change writes at least one row, which bounds the search.
		last := sql.Null[int64]{}
		if err := s.row("ReadPortion", after, after+rows, s.rowsBefore+rows, s.bytesBefore+bytes).Scan(&last); err != nil {
			return err
		}
		upto = last.V
		if !last.Valid {
			upto = after + 1 // alone too large
		}
		for _, table := range r.tables {
			if err := s.rowsOf(table, after, upto, each); err != nil {
				return fmt.Errorf("of %s: %w", table, err)
			}
		}
		return nil
	}))
	return upto, err
}

// A snapshot is the journal at one instant, whatever is written meanwhile.
type snapshot struct {
	ctx                     context.Context
	reader                  *Reader
	sql                     *sql.Tx
	head, rows, bytes       int64 // number of the newest change, and totals
	rowsBefore, bytesBefore int64 // totals at the change that is asked about
}

func (r *Reader) snapshot(ctx context.Context, f func(*snapshot) error) error {
	begun, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer begun.Rollback()
	s := &snapshot{ctx: ctx, reader: r, sql: begun}
	if err := s.row("ReadHead").Scan(&s.head, &s.rows, &s.bytes); err != nil {
		return err
	}
	return f(s)
}

// at reads the totals at a change.
func (s *snapshot) at(change int64) error {
	err := s.row("ReadChange", change).Scan(&s.rowsBefore, &s.bytesBefore)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("the journal ends at change %d, and change %d is asked for: it was put back to an older copy", s.head, change)
	}
	return err
}

func (s *snapshot) row(query string, args ...any) *sql.Row {
	return s.sql.QueryRowContext(s.ctx, s.reader.set[query], args...)
}

// rowsOf gives the rows of a table whose change lies above after and not above upto.
func (s *snapshot) rowsOf(table string, after, upto int64, each func(string, []string, []any) error) error {
	query, args := "SELECT * FROM "+table+" WHERE CHANGE_NO > ? AND CHANGE_NO <= ?", []any{after, upto}
	if table == runs {
		query, args = query+" OR FIRST_CHANGE_NO > ? AND FIRST_CHANGE_NO <= ?", []any{after, upto, after, upto}
	}
	found, err := s.sql.QueryContext(s.ctx, query, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		return err
	}
	row, dest := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		dest[i] = &row[i]
	}
	for found.Next() {
		if err := found.Scan(dest...); err != nil {
			return err
		}
		if table == runs {
			withoutPlan(columns, row, after)
		}
		if err := each(table, columns, row); err != nil {
			return err
		}
	}
	return found.Err()
}

// runs is the table that all others refer to.
const runs = "RUN_STATUS"

// withoutPlan takes the plan out of a run that came with its plan in an earlier portion.
func withoutPlan(columns []string, row []any, after int64) {
	for i, name := range columns {
		if first, ok := row[i].(int64); ok && name == "FIRST_CHANGE_NO" && first > after {
			return
		}
	}
	for i, name := range columns {
		if name == "PLAN" || name == "SPEC_TEXT" {
			row[i] = nil
		}
	}
}

// readTables lists the tables that hold rows of runs: those whose rows belong to a run and have a change.
func readTables(ctx context.Context, db *sql.DB) (tables []string, err error) {
	var names string
	err = db.QueryRowContext(ctx, `
		SELECT COALESCE(GROUP_CONCAT(T.name), '')
		FROM sqlite_schema AS T
		WHERE T.type = 'table'
		  AND 2 = (SELECT COUNT(*) FROM pragma_table_info(T.name) AS C WHERE C.name IN ('RUN_ID', 'CHANGE_NO'))`).Scan(&names)
	return strings.Split(names, ","), err
}
