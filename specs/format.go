package specs

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"
)

// Format lays out the text of a spec in the one canonical way. A text that is not HCL is left alone: the diagnostics say
// why.
func Format(file string, src []byte) (formatted []byte, ds Diagnostics) {
	l := newLoader(file, src, Options{})
	defer l.folder.close()
	defer func() {
		if p := recover(); p != nil {
			l.fail(hcl.Range{Filename: file}, "This is a bug in bench, please report it with the spec.", "internal error: %v", p)
			formatted, ds = nil, l.diagnostics()
		}
	}()
	if !l.parse() {
		return nil, l.diagnostics()
	}
	return hclwrite.Format(src), nil
}
