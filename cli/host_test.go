package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A journal keeps its key. One that was cut short is no key: it would let anybody make the tokens.
func TestJournalKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db.key")
	first, err := journalKey(path)
	if err != nil || len(first) < keyLength {
		t.Fatalf("the key is %q, %v", first, err)
	}
	if again, err := journalKey(path); err != nil || !bytes.Equal(again, first) {
		t.Errorf("the next server's key is %q, %v, want %q", again, err, first)
	}
	for _, n := range []int{0, keyLength - 1} {
		if err := os.WriteFile(path, first[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		fresh, err := journalKey(path)
		if err != nil || len(fresh) < keyLength || bytes.Equal(fresh, first) {
			t.Errorf("of %d bytes came the key %q, %v", n, fresh, err)
		}
		if again, err := journalKey(path); err != nil || !bytes.Equal(again, fresh) {
			t.Errorf("the server after it has %q, %v, want %q", again, err, fresh)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the mode is %v, %v", info.Mode(), err)
		}
	}
}
