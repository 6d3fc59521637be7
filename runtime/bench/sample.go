package bench

import (
	"strconv"
	"strings"
	"time"
)

// A TargetSample is what a target was at, at one instant. It is taken beside the load, on a session of its own.
type TargetSample struct {
	Run       string     `json:"run"`
	At        time.Time  `json:"at"`
	Phase     Phase      `json:"phase"`
	ElapsedUS int64      `json:"elapsed_us"`          // since t0; 0 before it
	Waits     []Wait     `json:"waits,omitempty"`     // sessions of the run by what they were at
	Warehouse *Warehouse `json:"warehouse,omitempty"` // where the target runs on one
}

// A Wait is a number of sessions that were at the same thing.
type Wait struct {
	State    string `json:"state"`           // active, idle, idle in transaction, …
	Type     string `json:"type,omitempty"`  // of what they wait for: Lock, LWLock, IO, Client, …; "" is nothing, they run
	Event    string `json:"event,omitempty"` // its name
	Sessions int64  `json:"sessions"`        // count
}

// A WaitShare is a Wait over many samples.
type WaitShare struct {
	State    string  `json:"state"`
	Type     string  `json:"type,omitempty"`
	Event    string  `json:"event,omitempty"`
	Sessions float64 `json:"sessions"` // mean number over all samples
	Share    float64 `json:"share"`    // of all sessions that were not idle, from 0 to 1
}

// A Warehouse is what runs statements in Snowflake, as SHOW WAREHOUSES tells it.
type Warehouse struct {
	Name          string            `json:"name"`
	State         string            `json:"state"` // STARTED, SUSPENDED, RESUMING, …
	Size          string            `json:"size"`  // X-Small, …
	ScalingPolicy string            `json:"scaling_policy"`
	MinClusters   int               `json:"min_clusters"`
	MaxClusters   int               `json:"max_clusters"`
	Started       int               `json:"started_clusters"`
	Running       int64             `json:"running"`       // statements of anybody
	Queued        int64             `json:"queued"`        // statements of anybody
	Raw           map[string]string `json:"raw,omitempty"` // everything that Snowflake says of it, by column name in small letters
}

// Kind is what decides its rate, besides its size: STANDARD, SNOWPARK-OPTIMIZED, INTERACTIVE, …
func (w *Warehouse) Kind() string {
	if strings.EqualFold(w.Raw["is_interactive"], "true") {
		return "INTERACTIVE"
	}
	return strings.ToUpper(w.Raw["type"])
}

// WarehouseSizes are the sizes of warehouses, from the smallest, as SQL spells them without X2LARGE and the like.
var WarehouseSizes = []string{"XSMALL", "SMALL", "MEDIUM", "LARGE", "XLARGE", "2XLARGE", "3XLARGE", "4XLARGE", "5XLARGE", "6XLARGE"}

// WarehouseSize is the one of [WarehouseSizes] that SHOW WAREHOUSES calls 2X-Large, and SQL XXLARGE or X2LARGE; a name that is
// none stays none.
func WarehouseSize(name string) string {
	name = strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToUpper(name))
	if rest, ok := strings.CutSuffix(name, "XLARGE"); ok && strings.Trim(rest, "X") == "" && rest != "" {
		return strconv.Itoa(len(rest)+1) + "XLARGE"
	}
	if n, ok := strings.CutPrefix(name, "X"); ok && strings.HasSuffix(n, "LARGE") && n != "LARGE" {
		return strings.TrimSuffix(n, "LARGE") + "XLARGE"
	}
	return name
}
