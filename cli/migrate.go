package cli

import (
	"errors"
	"fmt"
	"io/fs"

	"bench/runtime/bench"
	"bench/sql/migrations"
)

// migrateCommand looks after the schema of the journal, or of the store of --store. A server brings both to the newest
// version by itself; BENCH_STORE is not heeded, so that nobody takes back the tables of a store unawares.
type migrateCommand struct {
	Status migrateStatus `cmd:"" help:"List the migrations and when each was applied."`
	Up     migrateUp     `cmd:"" help:"Apply what is pending."`
	Down   migrateDown   `cmd:"" help:"Take back the newest migration, with all that its tables hold."`
	SQL    migrateSQL    `cmd:"" name:"sql" help:"Print the statements of all migrations, for review."`
}

type (
	migrateStatus struct{}
	migrateUp     struct{}
	migrateDown   struct {
		Yes bool `help:"Do it; without this flag nothing is changed."`
	}
	migrateSQL struct {
		Dialect string `help:"For which database: sqlite, postgres or snowflake; with --store, for that one." enum:"sqlite,postgres,snowflake" default:"sqlite"`
	}
)

// Run implements bench migrate status. It ends with 3 when something is pending.
func (c *migrateStatus) Run(p *program) error {
	ctx, cancel := p.until()
	defer cancel()
	_, open, err := p.tables()
	if err != nil {
		return err
	}
	schema, err := open()
	if errors.Is(err, fs.ErrNotExist) {
		p.talk("%v", err)
		return ends(bench.ExitDiffers)
	}
	if err != nil {
		return err
	}
	defer schema.Close()
	all, err := schema.Status(ctx)
	if err != nil {
		return unavailable(err)
	}
	t := &table{columns: []column{{title: "migration", left: true}, {title: "applied", left: true}}}
	pending := false
	for _, m := range all {
		applied := "pending"
		if m.Applied.IsZero() {
			pending = true
		} else {
			applied = when(&m.Applied)
		}
		t.add(m.Name, applied)
	}
	t.write(p.Stdout, "", p.width(p.Stdout), p.colour(p.Stdout))
	if pending {
		return ends(bench.ExitDiffers)
	}
	return nil
}

// Run implements bench migrate up.
func (c *migrateUp) Run(p *program) error {
	ctx, cancel := p.until()
	defer cancel()
	store, err := p.namedStore()
	if err != nil {
		return err
	}
	if store == nil {
		j, err := openJournal(ctx, p.Journal) // which makes it, migrates, and keeps servers away meanwhile
		if err != nil {
			return err
		}
		p.talk("%s has the newest schema", p.Journal)
		return j.Close()
	}
	schema, err := store.schema()
	if err != nil {
		return err
	}
	defer schema.Close()
	if _, err := schema.Up(ctx); err != nil {
		return unavailable(fmt.Errorf("bring %s up to date: %w", store, err))
	}
	p.talk("%s has the newest schema", store)
	return nil
}

// Run implements bench migrate down.
func (c *migrateDown) Run(p *program) error {
	ctx, cancel := p.until()
	defer cancel()
	name, open, err := p.tables()
	if err != nil {
		return err
	}
	if !c.Yes {
		return usage("migrate down deletes what the newest tables of %s hold; add --yes to do it", name)
	}
	schema, err := open()
	if err != nil {
		return err
	}
	defer schema.Close()
	m, err := schema.Down(ctx)
	if bench.CodeOf(err) == bench.CodeUnreachable {
		return err
	}
	if err != nil {
		return usage("%v", err)
	}
	fmt.Fprintf(p.Stdout, "took back %s\n", m.Name)
	return nil
}

// Run implements bench migrate sql.
func (c *migrateSQL) Run(p *program) error {
	store, err := p.namedStore()
	if err != nil {
		return err
	}
	if store != nil {
		c.Dialect = store.dialect()
	}
	text, err := migrations.SQL(c.Dialect)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(p.Stdout, text)
	return err
}

// tables are those of the store of --store, else those of the journal: whose they are, and how to open them.
func (p *program) tables() (name string, open func() (schema, error), err error) {
	store, err := p.namedStore()
	switch {
	case err != nil:
		return "", nil, err
	case store != nil:
		return store.String(), store.schema, nil
	}
	return p.Journal, func() (schema, error) { return openSchema(p.Journal) }, nil
}
