package snowflake

// Filled is filled.
var Filled = filled

// ExecutingSQL is what [Target.Executing] sends.
var ExecutingSQL = executingSQL
