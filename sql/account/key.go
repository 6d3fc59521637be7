package account

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"os"
)

// key is the private key to sign in with. No error quotes anything of it.
func (said credentials) key() (*rsa.PrivateKey, error) {
	text := []byte(said["private_key"])
	if len(text) == 0 {
		var err error
		if text, err = os.ReadFile(said["private_key_file"]); err != nil {
			return nil, fmt.Errorf("read the private key: %w", err)
		}
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the private key is no PEM text, which begins with -----BEGIN")
	}
	der := block.Bytes
	switch block.Type {
	case "RSA PRIVATE KEY":
		if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
			return key, nil
		}
		return nil, errors.New("the private key cannot be read: openssl pkcs8 -topk8 writes one that can")
	case "ENCRYPTED PRIVATE KEY":
		if said["private_key_passphrase"] == "" {
			return nil, errors.New("the private key needs a private_key_passphrase")
		}
		var err error
		if der, err = decrypt(der, said["private_key_passphrase"]); err != nil {
			return nil, fmt.Errorf("decrypt the private key: %w", err)
		}
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("the private key is no PKCS #8 key, or its passphrase is wrong")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the private key is a %T, and Snowflake takes RSA keys", parsed)
	}
	return key, nil
}

// The ASN.1 of an encrypted PKCS #8 key (RFC 5958, section 3) under PBES2 (RFC 8018, appendix A.4).
type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2 struct{ Derivation, Cipher pkix.AlgorithmIdentifier }

type derivation struct {
	Salt       []byte
	Iterations int
	Length     int                      `asn1:"optional"`
	Hash       pkix.AlgorithmIdentifier `asn1:"optional"`
}

// Object identifiers of RFC 8018, appendices A and B, and of NIST for AES.
const (
	oidPBES2  = "1.2.840.113549.1.5.13"
	oidPBKDF2 = "1.2.840.113549.1.5.12"
)

var (
	hashes = map[string]func() hash.Hash{
		"": sha1.New, "1.2.840.113549.2.7": sha1.New, "1.2.840.113549.2.9": sha256.New, "1.2.840.113549.2.11": sha512.New,
	}
	ciphers = map[string]struct {
		length int // of the key, in bytes
		block  func(key []byte) (cipher.Block, error)
	}{
		"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
		"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
		"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
		"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
	}
)

// errCipher is what an encryption says that is not one of those that openssl pkcs8 -topk8 -v2 writes.
var errCipher = errors.New("its encryption is not known here: openssl pkcs8 -topk8 -v2 aes-256-cbc writes one that is")

// decrypt is the PKCS #8 key within an encrypted one. The wrong passphrase shows in a padding that is none, or later.
func decrypt(der []byte, passphrase string) ([]byte, error) {
	var sealed encryptedKey
	var scheme pbes2
	var derive derivation
	var iv []byte
	for _, part := range []struct {
		der  func() []byte
		into any
	}{
		{func() []byte { return der }, &sealed},
		{func() []byte { return sealed.Algorithm.Parameters.FullBytes }, &scheme},
		{func() []byte { return scheme.Derivation.Parameters.FullBytes }, &derive},
		{func() []byte { return scheme.Cipher.Parameters.FullBytes }, &iv},
	} {
		if _, err := asn1.Unmarshal(part.der(), part.into); err != nil {
			return nil, errCipher
		}
	}
	algorithm := ""
	if derive.Hash.Algorithm != nil {
		algorithm = derive.Hash.Algorithm.String()
	}
	hash, hashed := hashes[algorithm]
	with, ok := ciphers[scheme.Cipher.Algorithm.String()]
	const most = 10_000_000 // iterations; a key that wants more would never open
	if !ok || !hashed || derive.Iterations > most || sealed.Algorithm.Algorithm.String() != oidPBES2 || scheme.Derivation.Algorithm.String() != oidPBKDF2 {
		return nil, errCipher
	}
	key, err := pbkdf2.Key(hash, passphrase, derive.Salt, derive.Iterations, with.length)
	if err != nil {
		return nil, err
	}
	block, err := with.block(key)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(iv) != size || len(sealed.Data) == 0 || len(sealed.Data)%size != 0 {
		return nil, errCipher
	}
	open := make([]byte, len(sealed.Data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(open, sealed.Data)
	padding := int(open[len(open)-1])
	if padding == 0 || padding > size || !bytes.HasSuffix(open, bytes.Repeat([]byte{byte(padding)}, padding)) {
		return nil, errors.New("the passphrase is wrong")
	}
	return open[:len(open)-padding], nil
}
