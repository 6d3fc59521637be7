package account

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	sf "github.com/snowflakedb/gosnowflake/v2"
)

// Code writes the number of an error as Snowflake does.
func Code(number int) string { return fmt.Sprintf("%06d", number) }

// quoted is a value in a message.
var quoted = regexp.MustCompile(`(?s)'.*'|".*"|\[.*\]`)

// Message is Snowflake's sentence without values. Data exceptions (numbers 100000 and up) quote the value at fault, and
// may list whole rows below their first line.
func Message(e *sf.SnowflakeError) string {
	text := e.Message
	if len(e.MessageArgs) > 0 {
		text = fmt.Sprintf(e.Message, e.MessageArgs...)
		text, _, _ = strings.Cut(text, ", URL:") // which is long, and has ids in it
	}
	if e.Number >= 100_000 && e.Number < 260_000 {
		text, _, _ = strings.Cut(text, "\n")
		text = quoted.ReplaceAllStringFunc(text, func(s string) string { return s[:1] + "…" + s[len(s)-1:] })
	}
	return OneLine(text)
}

// Cause is what an error comes down to that is no answer of Snowflake: without addresses, which are long, and have ids in them
// that differ each time.
func Cause(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	} else if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	text, _, _ := strings.Cut(err.Error(), ", URL:")
	return OneLine(text)
}

// OneLine makes one line of several.
func OneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}
