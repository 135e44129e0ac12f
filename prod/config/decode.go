package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

var durationType = reflect.TypeFor[time.Duration]()

// decode reads a YAML document over what dst holds.
func decode(text []byte, dst *Config) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return fmt.Errorf("config: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) == 0 {
		return nil
	}
	return decodeInto(doc.Content[0], "", reflect.ValueOf(dst).Elem())
}

// decodeInto reads one node of the document into a value. The path names the key for errors.
func decodeInto(n *yaml.Node, path string, v reflect.Value) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case v.Kind() == reflect.Struct:
		return decodeStruct(n, path, v)
	case v.Kind() == reflect.Slice:
		return decodeList(n, path, v)
	case n.Kind != yaml.ScalarNode:
		return keyError(n.Line, path, "is to be one value")
	case n.Tag == "!!null":
		return nil
	}
	if err := setScalar(v, n.Value); err != nil {
		return keyError(n.Line, path, "%v", err)
	}
	return nil
}

func decodeStruct(n *yaml.Node, path string, v reflect.Value) error {
	if n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return keyError(n.Line, path, "is to be a list of keys with values")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		at := join(path, name)
		field, ok := fieldByKey(v, name)
		if !ok {
			return keyError(n.Content[i].Line, at, "is no key here%s", suggestion(name, keysOf(v.Type())))
		}
		if seen[name] {
			return keyError(n.Content[i].Line, at, "stands twice")
		}
		seen[name] = true
		if err := decodeInto(n.Content[i+1], at, field); err != nil {
			return err
		}
	}
	return nil
}

// maxList bounds a list of a file, whose aliases could else name one long list
// over and over; a longer one is an error.
const maxList = 1024

// decodeList replaces the list; what an element leaves out has the default of its place.
func decodeList(n *yaml.Node, path string, v reflect.Value) error {
	if n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return keyError(n.Line, path, "is to be a list")
	}
	if len(n.Content) > maxList {
		return keyError(n.Line, path, "has %d elements; %d are the most", len(n.Content), maxList)
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, one := range n.Content {
		setDefault(list.Index(i), i)
		if err := decodeInto(one, index(path, i), list.Index(i)); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

// setDefault fills the i-th element of a list with what is used where nothing is said.
func setDefault(v reflect.Value, i int) {
	switch one := v.Addr().Interface().(type) {
	case *Game:
		*one = defaultGame(i)
	case *Gate:
		*one = defaultGate(i)
	}
}

// setScalar reads a value as it stands in a file, the environment or a flag.
func setScalar(v reflect.Value, text string) error {
	switch {
	case v.Type() == durationType:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%q is no duration such as 500ms or 2s", text)
		}
		v.SetInt(int64(d))
	case v.Kind() == reflect.String:
		v.SetString(text)
	case v.Kind() == reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is no whole number", text)
		}
		v.SetInt(int64(n))
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		v.Set(reflect.ValueOf(splitList(text)))
	default:
		return fmt.Errorf("cannot be set to one value")
	}
	return nil
}

// splitList reads a list of strings that stands in one value, with commas between.
func splitList(text string) []string {
	var list []string
	for one := range strings.SplitSeq(text, ",") {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, one)
		}
	}
	return list
}

// keyError is an error about one key; line 0 is of no file.
func keyError(line int, path, format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	if path == "" {
		path = "the document"
	}
	if line > 0 {
		return fmt.Errorf("config: %s: %s (line %d)", path, what, line)
	}
	return fmt.Errorf("config: %s: %s", path, what)
}
