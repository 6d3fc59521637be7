package journal

import (
	"path/filepath"
	"testing"
)

// TestConnections: the connection that writes is durable and checks references, those that read cannot write. The
// settings are the connection's own, so nobody outside can see them.
func TestConnections(t *testing.T) {
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for pragma, want := range map[string]string{
		"journal_mode": "wal",
		"synchronous":  "2", // FULL
		"foreign_keys": "1",
		"busy_timeout": "5000",
	} {
		var got string
		if err := j.write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", pragma, got, err, want)
		}
	}
	if n := j.write.Stats().MaxOpenConnections; n != 1 {
		t.Errorf("there may be %d connections that write, want 1", n)
	}
	if _, err := j.db.ExecContext(t.Context(), "DELETE FROM RUN_STATUS"); err == nil {
		t.Error("a reader's connection can write")
	}
}
