// Package account is how bench comes into an account of Snowflake, whatever for: it reads who signs in where, and how, from
// options and from connections.toml ([SignIn], [Connection]), carries the requests of a session ([Wire]), and writes down what
// Snowflake says without the values that it quotes ([Message]). It opens no session.
//
// The driver's log is switched off, which is one for the whole process: what matters is in its errors. Its telemetry is kept
// from loading anything by package quiet.
package account

import (
	"sync"

	sf "github.com/snowflakedb/gosnowflake/v2"

	_ "bench/sql/account/quiet"
)

var silence = sync.OnceFunc(func() { sf.GetLogger().SetLogLevel("off") })
