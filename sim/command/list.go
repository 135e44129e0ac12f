package command

import (
	"encoding/json"
	"fmt"

	"messiah/sim"
)

type listCmd struct {
	JSON bool `help:"Print one JSON document."`
}

// Help is the example of the command.
func (listCmd) Help() string { return "Example: messiah-sim list --json" }

// listed is one scenario as `list --json` prints it.
type listed struct {
	Name    string   `json:"name"`
	About   string   `json:"about"`
	Oracles []string `json:"oracles"`
	Marks   []string `json:"marks"`
}

func (c listCmd) Run(out *output) error {
	var oracles []string
	for _, o := range sim.Oracles() {
		oracles = append(oracles, o.Name)
	}
	var all []listed
	for _, sc := range program.Scenarios {
		marks := sc.Marks
		if marks == nil {
			marks = []string{}
		}
		all = append(all, listed{sc.Name, sc.About, oracles, marks})
	}
	if c.JSON {
		return printJSON(out, all)
	}
	for _, one := range all {
		fmt.Fprintf(out.results, "%-24s %s\n", one.Name, one.About)
	}
	fmt.Fprintf(out.results, "\nEvery run is judged by:\n")
	for _, o := range sim.Oracles() {
		fmt.Fprintf(out.results, "%-24s %s (%s)\n", o.Name, o.Says, o.When)
	}
	return nil
}

// printJSON writes one document.
func printJSON(out *output, v any) error {
	e := json.NewEncoder(out.results)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return usage("cannot print: %v", err)
	}
	return nil
}

// hex writes a hash as the contract wants it.
func hex(hash uint64) string { return fmt.Sprintf("%016x", hash) }
