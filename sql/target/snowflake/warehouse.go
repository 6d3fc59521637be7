package snowflake

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bench/runtime/bench"
	"bench/runtime/load"
	"bench/sql/target"
)

// A warehouse is what runs statements, as far as a result depends on it. Empty and zero require nothing.
type warehouse struct {
	size     string // as Snowflake spells it in SQL: XSMALL
	clusters string // the largest number of clusters
	scaling  string // STANDARD, ECONOMY
}

// required reads what a spec requires of the warehouse.
func required(t bench.Target) (warehouse, error) {
	w := warehouse{clusters: t.Options["require_clusters"]}
	if v, ok := t.Options["require_size"]; ok {
		if w.size = bench.WarehouseSize(v); !slices.Contains(bench.WarehouseSizes, w.size) {
			return w, fmt.Errorf("target %q: require size = %q must be one of %s", t.Kind, v, strings.Join(bench.WarehouseSizes, ", "))
		}
	}
	if w.clusters != "" {
		if n, err := strconv.Atoi(w.clusters); err != nil || n < 1 {
			return w, fmt.Errorf("target %q: require clusters = %q must be a whole number from 1", t.Kind, w.clusters)
		}
	}
	if _, ok := t.Options["require_scaling"]; ok {
		var err error
		if w.scaling, err = target.One(t, "require_scaling", "STANDARD", "ECONOMY"); err != nil {
			return w, err
		}
	}
	return w, nil
}

// check is an error if the warehouse of the session is not what is required.
func (c *Conn) check(ctx context.Context, want warehouse) error {
	if want == (warehouse{}) {
		return nil
	}
	name := c.target.config.Warehouse
	if name == "" {
		return fmt.Errorf("target \"snowflake\": require says what the warehouse must be, and there is no warehouse: write warehouse = \"NAME\"")
	}
	found, err := c.warehouse(ctx, name)
	if err != nil {
		return fmt.Errorf("look at the warehouse: %w", err)
	}
	var wrong []string
	for _, w := range []struct{ what, want, got string }{
		{"size", want.size, bench.WarehouseSize(found["size"])},
		{"clusters", want.clusters, cmp.Or(found["max_cluster_count"], "1")},
		{"scaling", want.scaling, strings.ToUpper(found["scaling_policy"])},
	} {
		if w.want != "" && w.want != w.got {
			wrong = append(wrong, fmt.Sprintf("%s is %s, the spec requires %s", w.what, w.got, w.want))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("warehouse %s is not what the spec requires: %s", name, strings.Join(wrong, "; "))
	}
	return nil
}

// warehouse is what SHOW WAREHOUSES says about one, by column name: which columns there are depends on the edition and on
// the year. It needs no running warehouse.
func (c *Conn) warehouse(ctx context.Context, name string) (map[string]string, error) {
	const most = 1000
	columns, rows, err := c.query(ctx, showWarehouse(name), most)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		found := map[string]string{}
		for i, column := range columns {
			if v := row[i].Any(); v != nil {
				found[column] = fmt.Sprint(v)
			}
		}
		if strings.EqualFold(found["name"], unquoted(name)) {
			return found, nil
		}
	}
	return nil, fmt.Errorf("there is no warehouse %s, or the role may not see it", name)
}

// sampled is a warehouse from what SHOW WAREHOUSES says about it.
func sampled(found map[string]string) *bench.Warehouse {
	number := func(column string) int {
		n, _ := strconv.Atoi(found[column]) // of an edition without clusters there is none
		return n
	}
	return &bench.Warehouse{
		Name: found["name"], State: found["state"], Size: found["size"], ScalingPolicy: found["scaling_policy"],
		MinClusters: number("min_cluster_count"), MaxClusters: number("max_cluster_count"), Started: number("started_clusters"),
		Running: int64(number("running")), Queued: int64(number("queued")), Raw: found,
	}
}

func showWarehouse(name string) string { return "SHOW WAREHOUSES LIKE " + pattern(name) }

// pattern is a name as the pattern that matches it alone.
func pattern(name string) string {
	return literal(strings.NewReplacer("_", `\_`, "%", `\%`).Replace(unquoted(name)))
}

func unquoted(name string) string { return strings.Trim(name, `"`) }

// The facts about an account that have a function, and of a warehouse the columns that have a say in its speed.
var (
	accountFacts = []struct{ name, sql string }{
		{"version", "SELECT CURRENT_VERSION()"}, {"region", "SELECT CURRENT_REGION()"}, {"account", "SELECT CURRENT_ACCOUNT_NAME()"},
		{"role", "SELECT CURRENT_ROLE()"}, {"warehouse", "SELECT CURRENT_WAREHOUSE()"},
	}
	warehouseFacts = []string{"state", "size", "type", "min_cluster_count", "max_cluster_count", "scaling_policy", "generation", "auto_suspend", "enable_query_acceleration"}
)

// Facts are the account, the warehouse as it is before the run, and the time of a SELECT 1. What the role may not see is
// left out.
func (t *Target) Facts(ctx context.Context) ([]bench.Fact, error) {
	c, err := t.connect(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var facts []bench.Fact
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, bench.Fact{Source: "target", Name: name, Value: value})
		}
	}
	warehouse := t.config.Warehouse
	for _, fact := range accountFacts {
		_, rows, err := c.query(ctx, fact.sql, 1)
		if err != nil || len(rows) == 0 || rows[0][0].Kind == bench.KindNull {
			continue
		}
		add(fact.name, fmt.Sprint(rows[0][0].Any()))
		if fact.name == "warehouse" {
			warehouse = rows[0][0].Text
		}
	}
	if found, err := c.warehouse(ctx, warehouse); err == nil {
		for _, name := range warehouseFacts {
			add("warehouse_"+name, found[name])
		}
	}
	add("use_cached_result", *t.config.Params["USE_CACHED_RESULT"])
	add("connection_keys_ignored", strings.Join(t.ignored, ", "))

	if err := c.Prepare(ctx, []*bench.Statement{{Parts: []string{"SELECT 1"}}}); err != nil {
		return nil, err
	}
	var call load.Call
	trip, err := target.RoundTrip(func() error { return c.Exec(ctx, &call) })
	if err != nil {
		return nil, err
	}
	add("round_trip_us", strconv.FormatInt(trip.Microseconds(), 10))
	return facts, nil
}
