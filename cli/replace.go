package cli

import (
	"cmp"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"bench/runtime/bench"
)

// replace gives a file its content and its mode in one step: a file beside it takes its place when it is whole, so whoever reads
// it sees the old content or the new one. What is no ordinary file, like a link or a device, keeps its place, and is an error.
func replace(file string, mode fs.FileMode, write func(io.Writer) error) error {
	if there, err := os.Lstat(file); err == nil && !there.Mode().IsRegular() {
		return usage("write %s: it is there, and is no ordinary file that another may take the place of", file)
	}
	out, err := os.CreateTemp(filepath.Dir(file), ".bench-*")
	if err != nil {
		return bench.Errorf(bench.CodeInvalid, "write %s: %w", file, err)
	}
	err = cmp.Or(write(out), out.Chmod(mode), out.Sync(), out.Close())
	if err == nil {
		err = os.Rename(out.Name(), file)
	}
	if err != nil {
		os.Remove(out.Name())
		return bench.Errorf(bench.CodeInvalid, "write %s: %w", file, err)
	}
	return nil
}
