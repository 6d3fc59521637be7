package bench

// A Survey is what a target says of itself before a run, to whoever signs in as a worker does.
type Survey struct {
	Account   string // who lets in, and as whom: for a person
	Warehouse *Warehouse
	Without   bool   // the session has no warehouse
	Unseen    string // why Warehouse is nil, when the session has one
	// Cached says whether statements may be answered from a cache of results, as the session is set; nil when that is not
	// known.
	Cached *bool
	// ReadOnly are the tables that statements of the plan write to and that take no writes, with what they are instead.
	ReadOnly map[string]string
	Notes    []string // what the role may not see, and what will be missing for that
}
