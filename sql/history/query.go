package history

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
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
	if columns, err = found.Columns(); err != nil {
		return nil, nil, err
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
			if row[i], err = number(v); err != nil {
				return nil, nil, fmt.Errorf("read column %s: %w", columns[i], err)
			}
		}
		all = append(all, row)
	}
	return columns, all, found.Err()
}

// number makes a number of what a driver has a type of its own for, and leaves everything else as it is.
func number(v any) (any, error) {
	valuer, ok := v.(driver.Valuer)
	if !ok {
		return v, nil
	}
	v, err := valuer.Value()
	text, ok := v.(string)
	if !ok || err != nil {
		return v, err
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	return strconv.ParseFloat(text, 64)
}
