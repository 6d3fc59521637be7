package specs

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"bench/runtime/bench"
)

// readForEach makes one workload of each file of for_each, alike but for the statement and the weight.
func (l *loader) readForEach(in *block, like bench.Workload) []bench.Workload {
	files, ok := l.files(in)
	weights, weighted := l.fileWeights(in, files)
	if !ok || in.has("weights") && !weighted {
		return nil
	}
	var all []bench.Workload
	for _, file := range files {
		w := like
		w.Name = like.Name + "/" + stem(file)
		if weighted {
			if w.Weight = weights[file]; w.Weight == 0 {
				continue
			}
		}
		text, err := l.folder.read(file)
		if err != nil {
			l.fail(in.values["for_each"].at, "", "%v", err)
			continue
		}
		w.Statements = slices.Clone(like.Statements)
		s := sqlText{text: text, at: in.values["for_each"].at, label: file, file: file}
		if l.checkSQL(s) {
			l.compile(&w.Statements[0], s, nil)
		}
		all = append(all, w)
		l.made[like.Name] = append(l.made[like.Name], w.Name)
	}
	return all
}

// stem is what a file's workload is named by.
func stem(file string) string { return strings.TrimSuffix(path.Base(file), path.Ext(file)) }

func (l *loader) files(in *block) ([]string, bool) {
	f := in.values["for_each"]
	items, ok := l.items(f)
	if !ok {
		return nil, false
	}
	var files []string
	byStem := map[string]string{}
	for _, item := range items {
		file, ok := l.text(item)
		if !ok {
			return nil, false
		}
		if !nameable(stem(file)) {
			l.fail(item.at, "Rename the file.", "%q cannot be the name of a workload", file)
			return nil, false
		}
		if other, taken := byStem[stem(file)]; taken {
			l.fail(item.at, "Rename one, or write two workloads.", "%s and %s would both be %s", other, file, stem(file))
			return nil, false
		}
		byStem[stem(file)] = file
		files = append(files, file)
	}
	if len(files) == 0 {
		l.fail(f.at, `Check the pattern: it counts from the folder of the spec, as in fileset("queries/*.sql").`, "for_each has no files")
	}
	return files, len(files) > 0
}

// fileWeights is the weight of every file, by its path. In the spec a file is named by its path, its base name or its
// stem.
func (l *loader) fileWeights(in *block, files []string) (map[string]int, bool) {
	f, ok := in.take("weights")
	if !ok {
		return nil, false
	}
	if in.has("weight") {
		l.fail(in.values["weight"].name, "Keep one of them.", "weight stands beside weights")
	}
	entries, ok := l.weightEntries(f)
	if !ok || len(files) == 0 {
		return nil, false
	}
	before := len(l.found)
	weights := map[string]int{}
	sum := 0
	for _, name := range slices.SortedFunc(maps.Keys(entries), cmp.Compare) {
		i := slices.IndexFunc(files, func(file string) bool { return name == file || name == path.Base(file) || name == stem(file) })
		if i < 0 {
			l.fail(f.at, didYouMean(name, stems(files)), "%s has a weight for %q, which is not among the files", f.label, name)
			continue
		}
		if _, twice := weights[files[i]]; twice {
			l.fail(f.at, "Keep one of them.", "%s has two weights for %s", f.label, files[i])
		}
		n, _ := l.whole(entries[name], 0, 1_000_000)
		weights[files[i]] = int(n)
		sum += int(n)
	}
	var missing []string
	for _, file := range files {
		if _, ok := weights[file]; !ok {
			missing = append(missing, file)
		}
	}
	switch {
	case len(l.found) > before:
		return nil, false
	case len(missing) > 0:
		l.fail(f.at, "Write a weight for each file; 0 leaves a file out.", "%s has no weight for %s", f.label, strings.Join(missing, ", "))
		return nil, false
	case sum == 0:
		l.fail(f.at, "Give at least one file a weight of 1 or more.", "all weights are zero")
		return nil, false
	}
	return weights, true
}

func stems(files []string) []string {
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = stem(file)
	}
	return names
}

// weightEntries reads an object of weights by name, or rows with the columns file (or name) and weight.
func (l *loader) weightEntries(f field) (map[string]field, bool) {
	v, ok := l.plain(f)
	if !ok {
		return nil, false
	}
	if v.Type().IsObjectType() || v.Type().IsMapType() {
		o, ok := l.object(f, "{ q1 = 3, q2 = 1 }")
		return o.values, ok
	}
	rows, ok := l.items(f)
	if !ok {
		return nil, false
	}
	entries := map[string]field{}
	for i, row := range rows {
		const usage = "rows with the columns file and weight"
		o, ok := l.object(row, `{ file = "q1", weight = 3 }`)
		if !ok {
			return nil, false
		}
		name, named := o.take("file")
		if !named {
			name, named = o.take("name")
		}
		weight, weighted := o.take("weight")
		if !named || !weighted {
			l.fail(f.at, "The first line of the file must be file,weight.", "%s needs %s", f.label, usage)
			return nil, false
		}
		text, ok := l.text(name)
		if !ok {
			return nil, false
		}
		text = strings.TrimSpace(text)
		if _, twice := entries[text]; twice {
			l.fail(f.at, "Keep one of them.", "%s has two rows for %s", f.label, text)
			return nil, false
		}
		if w, ok := l.plain(weight); ok && w.Type() == cty.String {
			weight.value = &value{cty.StringVal(strings.TrimSpace(w.AsString())), true}
		}
		weight.label = fmt.Sprintf("the weight of %s (row %d)", text, i+1)
		entries[text] = weight
	}
	return entries, true
}
