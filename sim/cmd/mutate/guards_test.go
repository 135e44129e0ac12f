package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const handler = `package gate

import "messiah/core/node"

func (g *Gate) entered(env *node.Env, c *client) {
	if c == nil {
		return
	}
	if planted.On("a-bug") {
		return
	}
	if c.late {
		env.Mark("late")
	}
	switch {
	case c.lost, c.gone:
		g.drop(c)
	default:
	}
	switch c.state {
	case entering, stateIn:
		g.leave(c)
	case exiting:
	}
	switch in.Kind {
	case node.InStart:
	}
	if n := len(c.name); n > most {
		return
	} else if n == 0 {
		c.name = "nobody"
	}
	if c == nil {
		return
	}
}

func (g *Gate) State() {
	if g == nil {
		return
	}
}

func spared() {
	if true {
		return
	}
}
`

func TestGuardsAreBranchesAndChecksOfState(t *testing.T) {
	guards, source, err := guardsOf(target{file: "core/gate/x.go", skip: "spared"}, []byte(handler), 7)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range guards {
		names = append(names, guards[i].name())
		if guards[i].Number != 7+i {
			t.Errorf("guard %d has the number %d", i, guards[i].Number)
		}
	}
	want := []string{
		"core/gate/x.go entered: c == nil",
		"core/gate/x.go entered: c.lost, c.gone",
		"core/gate/x.go entered: entering, stateIn",
		"core/gate/x.go entered: exiting",
		"core/gate/x.go entered: n > most",
		"core/gate/x.go entered: n == 0",
		"core/gate/x.go entered: c == nil (2)",
	}
	if !slices.Equal(names, want) {
		t.Errorf("guards %q, want %q", names, want)
	}
	for _, text := range []string{
		`package gate; import guards "messiah/core/planted"`,
		"if (c == nil) && guards.Stands(7) {",
		`if planted.On("a-bug") {`,
		"if c.late {",
		"case (c.lost) && guards.Stands(8), (c.gone) && guards.Stands(8):",
		"switch  {",
		"case c.state == (entering) && guards.Stands(9), c.state == (stateIn) && guards.Stands(9):",
		"switch in.Kind {",
		"if n := len(c.name); (n > most) && guards.Stands(11) {",
		"} else if (n == 0) && guards.Stands(12) {",
	} {
		if !strings.Contains(string(source), text) {
			t.Errorf("the mutable source lacks %q", text)
		}
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "x.go", source, 0); err != nil {
		t.Errorf("the mutable source is none: %v", err)
	}
}

// TestAllowedSurvivorsExist keeps the list of allowed survivors to guards that are there.
func TestAllowedSurvivorsExist(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range targets {
		guards, _, err := findGuards(root, one, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range guards {
			names = append(names, guards[i].name())
		}
	}
	for name, reason := range allowed {
		if !slices.Contains(names, name) {
			t.Errorf("there is no guard %q", name)
		}
		if len(reason) < 20 {
			t.Errorf("%s: no reason why it may survive", name)
		}
	}
}

func TestOverlayNeedsItsPlaces(t *testing.T) {
	source := "package sim\n\nimport (\n\t\"io\"\n)\n\nfunc f() {\n\tg()\n}\n"
	got, err := hooked([]byte(source), "func f() {\n", "\th()\n")
	want := "package sim\n\nimport guards \"messiah/core/planted\"\nimport (\n\t\"io\"\n)\n\nfunc f() {\n\th()\n\tg()\n}\n"
	if err != nil || string(got) != want {
		t.Errorf("%v, %q", err, got)
	}
	if _, err := hooked([]byte(source), "func nowhere() {", ""); err == nil {
		t.Error("a place that is not there was found")
	}
}

// TestHooksStand: the overlay speaks to its switch at places of sources that move.
func TestHooksStand(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hooks {
		source, err := os.ReadFile(filepath.Join(root, h.file))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := hooked(source, h.before, h.after); err != nil {
			t.Errorf("%s: %v", h.file, err)
		}
	}
}
