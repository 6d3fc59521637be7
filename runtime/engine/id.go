package engine

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
)

// crockford is the alphabet of ULIDs: digits and letters without those that are mistaken for another.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// newID makes a ULID (github.com/ulid/spec): 48 bits of milliseconds, 80 bits of chance, 26 characters that sort by time.
func newID(now time.Time) string {
	var b [20]byte // the first 4 bytes stay zero: 160 bits are 32 whole characters, of which the last 26 hold 130
	binary.BigEndian.PutUint64(b[2:10], uint64(now.UnixMilli()))
	rand.Read(b[10:])
	return crockford.EncodeToString(b[:])[6:]
}
