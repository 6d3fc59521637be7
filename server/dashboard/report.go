package dashboard

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"strings"
)

// A Report is a page with all that it shows: it opens from a disk, without a server and without a network.
type Report struct {
	Title   string
	Home    string                     // the address of the screen that it opens with, such as /runs/ID
	Answers map[string]json.RawMessage // what a server would answer, by path with query
}

// Write writes the report as one HTML file. Its policy allows the script and the style that are in it, by their hashes, and
// nothing else: whatever text a run brought with it stays text.
func (r *Report) Write(w io.Writer) error {
	script, err := bundle(Files, "page/main.js")
	if err != nil {
		return fmt.Errorf("put the page into one file: %w", err)
	}
	style, err := styles()
	if err != nil {
		return fmt.Errorf("put the page into one file: %w", err)
	}
	// In a script element, this alone would end it.
	script = strings.ReplaceAll(script, "</script", `<\/script`)
	recorded, err := r.pack()
	if err != nil {
		return fmt.Errorf("pack the answers of a report: %w", err)
	}
	policy := "default-src 'none'; script-src " + source(script) + "; style-src " + source(style) + "; img-src data:; base-uri 'none'; form-action 'none'"
	_, err = fmt.Fprintf(w, `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<title>%s</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<style>%s</style>
</head>
<body>
<noscript>This report needs JavaScript.</noscript>
<script id="recorded" type="application/octet-stream">%s</script>
<script type="module">%s</script>
</body>
</html>
`, html.EscapeString(policy), html.EscapeString(r.Title), style, recorded, script)
	return err
}

// pack is the answers as JSON, compressed, in text that needs no escape.
func (r *Report) pack() (string, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	err = json.NewEncoder(z).Encode(struct {
		Home    string                     `json:"home"`
		Answers map[string]json.RawMessage `json:"answers"`
	}{r.Home, r.Answers})
	if err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes()), nil
}

func styles() (string, error) {
	var all strings.Builder
	for _, name := range []string{"vendor/uplot.css", "page/style.css"} {
		text, err := fs.ReadFile(Files, name)
		if err != nil {
			return "", err
		}
		all.Write(text)
		all.WriteByte('\n')
	}
	return all.String(), nil
}

// source names an inline text in a policy.
func source(text string) string {
	hash := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
}
