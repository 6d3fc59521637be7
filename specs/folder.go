package specs

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// maxFile is how many bytes a file that a spec names may have.
const maxFile = 8 << 20

// A folder is the folder of a spec: the only place where it may read files. It is opened when first needed. Neither ".."
// nor a symbolic link leads out of it.
type folder struct {
	dir  string
	root *os.Root
}

func (f *folder) open() (*os.Root, error) {
	if f.root == nil {
		root, err := os.OpenRoot(f.dir)
		if err != nil {
			return nil, unreadable(f.dir, err)
		}
		f.root = root
	}
	return f.root, nil
}

func (f *folder) close() {
	if f.root != nil {
		f.root.Close()
	}
}

// inside reports a path that leads out of the folder by how it is written.
func inside(name string) error {
	if path.IsAbs(name) || slices.Contains(strings.Split(name, "/"), "..") {
		return fmt.Errorf("%q leads out of the folder of the spec; files are read beneath it only", name)
	}
	return nil
}

func (f *folder) read(name string) (string, error) {
	if err := inside(name); err != nil {
		return "", err
	}
	root, err := f.open()
	if err != nil {
		return "", err
	}
	file, err := root.Open(name)
	if err != nil {
		if strings.Contains(err.Error(), "escapes") {
			return "", fmt.Errorf("%q is a link that leads out of the folder of the spec; files are read beneath it only", name)
		}
		return "", unreadable(name, err)
	}
	defer file.Close()
	b, err := readAll(file, name, maxFile)
	return string(b), err
}

// glob is the files that a pattern matches, sorted.
func (f *folder) glob(pattern string) ([]string, error) {
	if err := inside(pattern); err != nil {
		return nil, err
	}
	root, err := f.open()
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(root.FS(), path.Clean(pattern))
	if err != nil {
		return nil, fmt.Errorf("%q is not a pattern such as queries/*.sql", pattern)
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		info, err := root.Stat(name)
		return err == nil && info.IsDir() // what cannot be read is said when it is read
	})
	slices.Sort(names)
	return names, nil
}
