package config

import (
	"reflect"
	"strconv"
	"strings"
)

// fieldByKey returns the field of a struct value that has the key.
func fieldByKey(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("key") == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// keysOf lists the keys of a struct type in the order of their declaration.
func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		keys = append(keys, t.Field(i).Tag.Get("key"))
	}
	return keys
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// leaf is one settable value of a configuration.
type leaf struct {
	path  string
	value reflect.Value
	tag   reflect.StructTag
}

// leaves lists all settable values by their paths, in the order of their declaration.
func leaves(c *Config) []leaf {
	var all []leaf
	walk(reflect.ValueOf(c).Elem(), "", "", func(l leaf) { all = append(all, l) })
	return all
}

func walk(v reflect.Value, path string, tag reflect.StructTag, visit func(leaf)) {
	switch {
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			walk(v.Field(i), join(path, field.Tag.Get("key")), field.Tag, visit)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			walk(v.Index(i), index(path, i), tag, visit)
		}
	default:
		visit(leaf{path, v, tag})
	}
}

// envName is the environment variable that overrides a key: gates[1].admin is MESSIAH_GATES_1_ADMIN.
func envName(path string) string {
	return EnvPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "[", "_", "]", "").Replace(path))
}

// suggestion names the known key that an unknown one is probably meant to be.
func suggestion(name string, known []string) string {
	best, least := "", 1+len(name)/2
	for _, one := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(one)); d < least {
			best, least = one, d
		}
	}
	if best != "" {
		return `; did you mean "` + best + `"?`
	}
	if len(known) <= 12 {
		return "; known are " + strings.Join(known, ", ")
	}
	return ""
}

// distance is the Levenshtein distance between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
