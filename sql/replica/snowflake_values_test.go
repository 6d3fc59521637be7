package replica

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestRowsInJSON: every row is in one document, which is short unless the row is not.
func TestRowsInJSON(t *testing.T) {
	t.Parallel()
	lengths := []int{400_000, 400_000, 400_000, 2_000_000, 1, 1, 899_990, 1}
	n, s := snowflakeArrays["NUMBER"](), snowflakeArrays["TEXT"]()
	for i, length := range lengths {
		if err := n.add(int64(i)); err != nil {
			t.Fatal(err)
		}
		if err := s.add(strings.Repeat("x", length)); err != nil {
			t.Fatal(err)
		}
	}
	row := 0
	for _, want := range []int{2, 1, 1, 2, 1, 1} {
		text, rows := rowsInJSON([]column{{array: n}, {array: s}}, row, len(lengths))
		if rows != want || rows > 1 && len(text) > documentBytes {
			t.Fatalf("a document from row %d on has %d rows and %d bytes, want %d rows", row, rows, len(text), want)
		}
		var read [][2]any
		if err := json.Unmarshal([]byte(text), &read); err != nil || len(read) != rows {
			t.Fatalf("a document from row %d on holds %d rows, want %d: %v", row, len(read), rows, err)
		}
		for _, r := range read {
			if r[0] != float64(row) || len(r[1].(string)) != lengths[row] {
				t.Errorf("row %d is that of number %v with %d bytes", row, r[0], len(r[1].(string)))
			}
			row++
		}
	}
	if row != len(lengths) {
		t.Errorf("%d of %d rows are in documents", row, len(lengths))
	}
}
