package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// versionCommand prints what program this is.
type versionCommand struct{}

// Run implements bench version.
func (c *versionCommand) Run(p *program) error {
	fmt.Fprintf(p.Stdout, "bench %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// version is the version that the Go tool has stamped: a tag, or a pseudo-version of the commit; "devel" when the
// program was built without one.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
