package account

import (
	"bytes"
	"encoding/pem"
	"math/rand/v2"
	"os"
	"testing"
)

// TestDecryptAnything: no key that is damaged brings the program down, or keeps it busy.
func TestDecryptAnything(t *testing.T) {
	text, err := os.ReadFile("testdata/key_aes-256-cbc.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		der := bytes.Clone(block.Bytes)
		der[random.IntN(min(120, len(der)))] ^= byte(1 + random.IntN(255)) // where its parameters are
		if plain, err := decrypt(der, "canary-passphrase"); err == nil && len(plain) >= len(der) {
			t.Errorf("%d bytes became %d", len(der), len(plain))
		}
	}
}
