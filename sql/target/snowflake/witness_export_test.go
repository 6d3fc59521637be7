package snowflake

// Filled is filled.
var Filled = filled
