package sqlite

import (
	"fmt"

	sqlite3 "modernc.org/sqlite/lib"

	"bench/runtime/bench"
)

// class says what a result code means for retries and reports.
func class(rc int32) bench.ErrorClass {
	switch rc & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return bench.ErrorSerialization
	case sqlite3.SQLITE_CONSTRAINT:
		return bench.ErrorConstraint
	}
	return bench.ErrorOther
}

// codeNames are the primary result codes by number: https://www.sqlite.org/rescode.html
var codeNames = [...]string{
	"OK", "ERROR", "INTERNAL", "PERM", "ABORT", "BUSY", "LOCKED", "NOMEM", "READONLY", "INTERRUPT", "IOERR", "CORRUPT", "NOTFOUND", "FULL",
	"CANTOPEN", "PROTOCOL", "EMPTY", "SCHEMA", "TOOBIG", "CONSTRAINT", "MISMATCH", "MISUSE", "NOLFS", "AUTH", "FORMAT", "RANGE", "NOTADB",
}

// extendedNames are those of extended result codes that load tests meet.
var extendedNames = map[int32]string{
	sqlite3.SQLITE_BUSY_RECOVERY:         "BUSY_RECOVERY",
	sqlite3.SQLITE_BUSY_SNAPSHOT:         "BUSY_SNAPSHOT",
	sqlite3.SQLITE_CONSTRAINT_CHECK:      "CONSTRAINT_CHECK",
	sqlite3.SQLITE_CONSTRAINT_DATATYPE:   "CONSTRAINT_DATATYPE",
	sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: "CONSTRAINT_FOREIGNKEY",
	sqlite3.SQLITE_CONSTRAINT_NOTNULL:    "CONSTRAINT_NOTNULL",
	sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: "CONSTRAINT_PRIMARYKEY",
	sqlite3.SQLITE_CONSTRAINT_ROWID:      "CONSTRAINT_ROWID",
	sqlite3.SQLITE_CONSTRAINT_TRIGGER:    "CONSTRAINT_TRIGGER",
	sqlite3.SQLITE_CONSTRAINT_UNIQUE:     "CONSTRAINT_UNIQUE",
}

// codeName is what SQLite calls a result code; a rare extended code keeps its number.
func codeName(rc int32) string {
	if name, ok := extendedNames[rc]; ok {
		return "SQLITE_" + name
	}
	primary := rc & 0xff
	if int(primary) >= len(codeNames) {
		return fmt.Sprintf("SQLITE %d", rc)
	}
	if rc != primary {
		return fmt.Sprintf("SQLITE_%s %d", codeNames[primary], rc)
	}
	return "SQLITE_" + codeNames[primary]
}
