package history

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
)

// Query runs one statement in a transaction that only reads, and gives at most limit rows. Values are as the driver gives
// them, but for numbers of any precision, which are whole or floating-point numbers.
func (r *Reader) Query(ctx context.Context, statement string, limit int) (columns []string, rows [][]any, err error) {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, nil, err
	}
	defer tx.Rollback()
	return Rows(ctx, tx, statement, limit)
}

// Rows is [Reader.Query] in a transaction of the caller's.
func Rows(ctx context.Context, tx *sql.Tx, statement string, limit int) (columns []string, all [][]any, err error) {
	found, err := tx.QueryContext(ctx, statement)
	if err != nil {
		return nil, nil, err
	}
	defer found.Close()
	types, err := found.ColumnTypes()
	if err != nil {
		return nil, nil, err
	}
	for _, t := range types {
		columns = append(columns, t.Name())
	}
	for len(all) < limit && found.Next() {
		row, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		if err := found.Scan(to...); err != nil {
			return nil, nil, err
		}
		for i, v := range row {
			if row[i], err = number(v, types[i].DatabaseTypeName()); err != nil {
				return nil, nil, fmt.Errorf("read column %s: %w", columns[i], err)
			}
		}
		all = append(all, row)
	}
	return columns, all, found.Err()
}

// exact are the types of columns whose numbers have any precision: drivers give them as text.
var exact = []string{"NUMERIC", "DECIMAL", "FIXED"}

// number is the number that a driver gave as text, and everything else as it is.
func number(v any, kind string) (any, error) {
	text, ok := v.(string)
	if !ok || !slices.Contains(exact, kind) {
		return v, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	return strconv.ParseFloat(text, 64)
}
