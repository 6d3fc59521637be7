// Package quiet keeps the Snowflake driver from what it does merely because it is linked in: at the start of every
// program it would write a shared library into the folder for temporary files and load it, for its telemetry, and before
// the first login it would look for cloud metadata services on the network for 200 ms. The environment alone can stop
// that, and only before the driver is initialized.
//
// Go initializes packages in the order of their import paths, as far as imports allow (the language specification,
// "Program initialization"). This package imports nothing that could come after the driver, and bench/… comes before
// github.com/….
package quiet

import "os"

func init() {
	for _, name := range []string{"SF_DISABLE_MINICORE", "SNOWFLAKE_DISABLE_PLATFORM_DETECTION"} {
		if _, set := os.LookupEnv(name); !set {
			os.Setenv(name, "true")
		}
	}
}
