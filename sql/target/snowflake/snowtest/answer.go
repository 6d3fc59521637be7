package snowtest

import (
	"net/http"
	"strconv"
	"time"
)

// An Answer is what becomes of a statement. The zero Answer succeeds and says nothing, as for DDL.
type Answer struct {
	Latency time.Duration // until it is done; an abort or the end of its session come first

	Columns []Column
	Rows    [][]any // texts as the protocol has them; nil is NULL
	Changed int64   // rows changed, of a statement that changes some

	Number   int    // of the error, instead of all that
	SQLState string // of the error
	Message  string // of the error
	Status   int    // of HTTP, instead of any answer: the statement does not run at all
	Hang     bool   // it ends only by an abort or with its session
	Lose     bool   // its session ends instead, with SessionGone
}

// A Column of an answer. Type is fixed, real, text, boolean, date, time, timestamp_ntz, timestamp_ltz, timestamp_tz,
// binary, variant.
type Column struct {
	Name             string
	Type             string
	Precision, Scale int
}

// Numbers is an answer of the rows 1 to n in a column VALUE.
func Numbers(n int) Answer {
	a := Answer{Columns: []Column{{Name: "VALUE", Type: "fixed", Precision: 38}}}
	for i := range n {
		a.Rows = append(a.Rows, []any{strconv.Itoa(i + 1)})
	}
	return a
}

// Error is an answer that is an error.
func Error(number int, state, message string) Answer {
	return Answer{Number: number, SQLState: state, Message: message}
}

// send writes the answer of a statement or of a login that came to its end.
func (a *Answer) send(w http.ResponseWriter, queryID string) { a.sendKind(w, queryID, 0) }

func (a *Answer) sendKind(w http.ResponseWriter, queryID string, kind int) {
	switch {
	case a.Status != 0:
		http.Error(w, http.StatusText(a.Status), a.Status)
		return
	case a.Number != 0:
		r := refused(a.Number, a.Message)
		r.Data = map[string]any{"queryId": queryID, "sqlState": a.SQLState, "errorCode": r.Code}
		write(w, r)
		return
	}
	columns, rows := a.Columns, a.Rows
	if kind == selects && columns == nil { // there is no answer to a query without columns
		columns = Numbers(0).Columns
	}
	if kind >= dml && kind < ddl {
		columns, rows = []Column{{Name: "number of rows changed", Type: "fixed", Precision: 19}}, [][]any{{strconv.FormatInt(a.Changed, 10)}}
	}
	types := make([]map[string]any, len(columns))
	for i, c := range columns {
		types[i] = map[string]any{"name": c.Name, "type": c.Type, "precision": c.Precision, "scale": c.Scale, "nullable": true}
	}
	if rows == nil {
		rows = [][]any{}
	}
	write(w, reply{Success: true, Data: map[string]any{
		"queryId": queryID, "statementTypeId": kind, "queryResultFormat": "json", "rowtype": types, "rowset": rows,
		"total": len(rows), "returned": len(rows), "parameters": []any{}, "version": 1,
	}})
}
