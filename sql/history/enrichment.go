package history

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"bench/runtime/bench"
)

// Enrichment reads what the target said about a run. It is an error with code [bench.CodeEnrichmentNotReady] when it said
// nothing yet, and one with code [bench.CodeRunNotFound] when there is no such run.
func (r *Reader) Enrichment(ctx context.Context, id string) (*bench.Enrichment, error) {
	e := &bench.Enrichment{Run: id}
	said := false
	sides, err := list(ctx, r, "ListEnrichment", func(rows *sql.Rows, s *bench.ServerSide) error {
		statements, means, split := sql.NullInt64{}, make([]sql.NullFloat64, 7), bench.Split{}
		into := []any{&s.Workload, &statements, readReal(&s.Coverage), readNumber(&s.Calls),
			readReal(&s.QueuedUS), readReal(&s.CompileUS), readReal(&s.ExecuteUS), readReal(&s.BlockedUS), readReal(&s.OtherUS),
			readNumber(&s.Rows), readNumber(&s.BlocksHit), readNumber(&s.BlocksRead), readNumber(&s.BytesScanned), readNumber(&s.Failed)}
		for i := range means {
			into = append(into, &means[i])
		}
		err := rows.Scan(slices.Concat(into, []any{readText(&s.Why),
			readText(&e.Status), readText(&e.Reason), readText(&e.Detail), readText(&e.Source), readNumber(&e.Pass), readTime(&e.At),
			readJSON(&e.Waits), readNumber(&e.Samples), readPointer(&e.Others), readJSON(&e.Cost), readJSON(&e.Notes)})...)
		if means[0].Valid {
			for i, x := range []*float64{&split.ServiceUS, &split.ClientUS, &split.QueuedUS, &split.CompileUS, &split.ExecuteUS, &split.BlockedUS, &split.OtherUS} {
				*x = means[i].Float64
			}
			s.Split = &split
		}
		s.Statements = statements.Int64
		said = said || statements.Valid
		return err
	}, id)
	if err != nil {
		return nil, err
	}
	if len(sides) == 0 {
		if _, err := r.Run(ctx, id); err != nil {
			return nil, err
		}
		return nil, bench.Errorf(bench.CodeEnrichmentNotReady, "the target of run %s was not asked for its side", id)
	}
	if said { // else there is only the row that says why not
		e.Workloads = sides
	}
	return e, nil
}

// Samples lists what the target of a run was at, by time.
func (r *Reader) Samples(ctx context.Context, id string) ([]bench.TargetSample, error) {
	waits, err := list(ctx, r, "ListWaits", func(rows *sql.Rows, s *bench.TargetSample) error {
		var w bench.Wait
		s.Run, s.Waits = id, []bench.Wait{{}}
		err := rows.Scan(readTime(&s.At), &s.Phase, readSeconds(&s.ElapsedUS), &w.State, &w.Type, &w.Event, &w.Sessions)
		s.Waits[0] = w
		return err
	}, id)
	if err != nil {
		return nil, err
	}
	all, err := list(ctx, r, "ListWarehouses", func(rows *sql.Rows, s *bench.TargetSample) error {
		w := &bench.Warehouse{}
		s.Run, s.Warehouse = id, w
		return rows.Scan(readTime(&s.At), &s.Phase, readSeconds(&s.ElapsedUS), &w.Name, &w.State, &w.Size, &w.MinClusters, &w.MaxClusters,
			&w.Started, &w.Running, &w.Queued, &w.ScalingPolicy, readJSON(&w.Raw))
	}, id)
	if err != nil {
		return nil, err
	}
	all = append(all, waits...)
	slices.SortStableFunc(all, func(a, b bench.TargetSample) int { return a.At.Compare(b.At) })
	return together(all), nil
}

// together makes one sample of rows of the same time. A state of no name stands for no session.
func together(rows []bench.TargetSample) []bench.TargetSample {
	var all []bench.TargetSample
	for _, s := range rows {
		n := len(all)
		if n == 0 || !all[n-1].At.Equal(s.At) {
			all = append(all, s)
			all[n].Waits = nil
			n++
		}
		for _, w := range s.Waits {
			if w.State != "" {
				all[n-1].Waits = append(all[n-1].Waits, w)
			}
		}
	}
	for _, s := range all { // databases sort by their own rules
		slices.SortFunc(s.Waits, func(a, b bench.Wait) int {
			return cmp.Or(cmp.Compare(a.State, b.State), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Event, b.Event))
		})
	}
	return all
}

func readReal(x *float64) sql.Scanner {
	return column(func(value any) error {
		v, ok := value.(float64)
		if !ok {
			return fmt.Errorf("a %T is not a number", value)
		}
		*x = v
		return nil
	})
}

func readPointer(n **int64) sql.Scanner {
	return column(func(value any) error {
		*n = new(int64)
		return readNumber(*n).Scan(value)
	})
}

// readSeconds gives microseconds of a column in seconds.
func readSeconds(us *int64) sql.Scanner {
	return column(func(value any) error {
		seconds, ok := value.(float64)
		if !ok {
			return fmt.Errorf("a %T is not a number of seconds", value)
		}
		*us = int64(math.Round(seconds * 1e6))
		return nil
	})
}
