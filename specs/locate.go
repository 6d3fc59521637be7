package specs

import "github.com/hashicorp/hcl/v2"

// Locate makes diagnostics of what HCL says about files that are no specs, such as checks: all of it, in the order of
// the files, each with its place and the text at fault. sources are the files by the names that HCL knows them by.
func Locate(diags hcl.Diagnostics, sources map[string][]byte) Diagnostics {
	var all []found
	for _, d := range diags {
		severity := SeverityError
		if d.Severity == hcl.DiagWarning {
			severity = SeverityWarning
		}
		f := found{Diagnostic: Diagnostic{Severity: severity, Summary: oneLine(lower(d.Summary)), Detail: oneLine(d.Detail)}}
		if at := d.Subject; at != nil {
			f.File, f.Line, f.Column, f.byte = at.Filename, at.Start.Line, at.Start.Column, at.Start.Byte
			f.Snippet, f.MarkStart, f.MarkEnd = snippet(sources[at.Filename], *at)
		}
		all = append(all, f)
	}
	return arrange(all)
}
