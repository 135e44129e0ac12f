package model

import (
	"slices"
	"strings"
	"testing"
)

// checker builds the checker of two games, or skips where spin is not.
func checker(t *testing.T) string {
	t.Helper()
	if tool := Missing(); tool != "" {
		t.Skipf("%s is not here, so that the model is not checked: `make deps` installs it", tool)
	}
	dir := t.TempDir()
	if err := Build(dir, 2); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestModel goes through the small searches of the model whole, and wants its planted errors
// found; `make model` makes all searches.
func TestModel(t *testing.T) {
	dir := checker(t)
	for _, c := range Cases() {
		if !c.Small || c.Games != 2 {
			continue
		}
		r, err := Check(dir, c.Settings)
		if err != nil {
			t.Fatal(err)
		}
		if r.Broken != "" {
			t.Errorf("%s (%s): not so: %s", c.Name, c.Settings, r.Broken)
		}
		table := strings.Split(stepsText, "\n")
		for _, row := range r.Rows {
			if !slices.Contains(table, row) {
				t.Errorf("%s: a step that steps.txt lacks, so `make model` is to write it anew: %s", c.Name, row)
			}
		}
		t.Logf("%s (%s): %d states, depth %d, %.1f s, no error", c.Name, c.Settings, r.States, r.Depth, r.Took.Seconds())
	}
	for _, p := range Plants() {
		if p.Games != 2 {
			continue
		}
		r, err := Check(dir, p.Set())
		if err != nil {
			t.Fatal(err)
		}
		if r.Broken == "" {
			t.Errorf("the model does not notice that %s", p.Name)
		}
		t.Logf("%s (%s): %s", p.Name, p.Settings, r.Broken)
	}
}
