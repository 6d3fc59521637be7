package engine

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"bench/runtime/bench"
)

// A runLog writes what the server says of a run to RUN_LOGS and to the server's own log.
type runLog struct{ r *run }

func (l runLog) line(level slog.Level, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	l.r.e.Log.Log(context.Background(), level, message, "run", l.r.id)
	l.r.e.writer.put(bench.Batch{Logs: []bench.LogLine{{
		Run: l.r.id, At: time.Now().UTC(), Source: "server", Level: level.String(), Message: message,
	}}}, nil)
}

func levelOf(severity string) slog.Level {
	switch severity {
	case "error":
		return slog.LevelError
	case "warn":
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
