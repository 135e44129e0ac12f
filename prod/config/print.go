package config

import (
	"reflect"
	"time"

	"gopkg.in/yaml.v3"

	"messiah/prod/store"
)

// Print writes the effective configuration as YAML that Load reads again, each
// key with what it is about. A secret is hidden, so it has to be set again.
func (c *Config) Print() ([]byte, error) {
	return yaml.Marshal(nodeOf(reflect.ValueOf(c).Elem(), ""))
}

func nodeOf(v reflect.Value, tag reflect.StructTag) *yaml.Node {
	switch {
	case v.Type() == durationType:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: time.Duration(v.Int()).String()}
	case v.Kind() == reflect.Struct:
		return structNode(v)
	case v.Kind() == reflect.Slice:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			list.Content = append(list.Content, nodeOf(v.Index(i), ""))
		}
		return list
	}
	n := &yaml.Node{}
	if tag.Get("secret") != "" && v.String() != "" {
		n.SetString("(hidden)")
		return n
	}
	if tag.Get("place") != "" {
		n.SetString(store.Place(v.String())) // an address may hold a password
		return n
	}
	if err := n.Encode(v.Interface()); err != nil {
		panic("config: a scalar that YAML cannot write: " + err.Error())
	}
	return n
}

func structNode(v reflect.Value) *yaml.Node {
	m := &yaml.Node{Kind: yaml.MappingNode}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: field.Tag.Get("key")}
		value := nodeOf(v.Field(i), field.Tag)
		if value.Kind == yaml.ScalarNode {
			value.LineComment = field.Tag.Get("about")
		} else {
			key.HeadComment = field.Tag.Get("about")
		}
		m.Content = append(m.Content, key, value)
	}
	return m
}
