package decoders

import (
	"maps"
	"strings"
	"testing"

	"messiah/core/node"
	"messiah/netsim"
	"messiah/sim"
)

// FuzzOptions takes each line as one KEY=VALUE over the defaults. What was set is
// printed, and what is printed sets the same.
func FuzzOptions(f *testing.F) {
	o := sim.DefaultOptions()
	var all []string
	for _, name := range sim.OptionNames() {
		all = append(all, name+"="+o.Text()[name])
		f.Add(all[len(all)-1])
	}
	f.Add(strings.Join(all, "\n"))
	f.Add("clients=-1\nduration=25h\ntransport=kcp\nclient-link=wifi\nstall=1000000")
	f.Fuzz(func(t *testing.T, text string) {
		o := sim.DefaultOptions()
		for line := range strings.Lines(text) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			before := o.Text()
			if err := o.Set(key, value); err != nil && !maps.Equal(before, o.Text()) {
				t.Fatalf("%q was refused and changed something: %v", line, err)
			}
		}
		again := sim.DefaultOptions()
		for name, value := range o.Text() {
			if err := again.Set(name, value); err != nil {
				t.Fatalf("%s=%s is printed and not taken: %v", name, value, err)
			}
		}
		if !maps.Equal(o.Text(), again.Text()) {
			t.Fatalf("%v is read as %v", o.Text(), again.Text())
		}
	})
}

// FuzzNames takes text as the name of a node and of a link profile.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"gate1", "game64", "manager1", "db1", "client4096", "gate01", "gate0", "gate99999999999999999999", "", "\xff1"} {
		f.Add(name)
	}
	for _, p := range netsim.Profiles() {
		f.Add(p.Name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if id, err := node.ParseID(name); err == nil && id.String() != name {
			t.Fatalf("%q is read as %v", name, id)
		}
		if p, err := netsim.ProfileNamed(name); err == nil && p.Name != name {
			t.Fatalf("%q is read as %q", name, p.Name)
		}
	})
}
