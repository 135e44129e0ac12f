// Command check goes through the formal model of migration whole, and writes its table of
// steps: `make model`.
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"messiah/fuzz/model"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if tool := model.Missing(); tool != "" {
		return fmt.Errorf("check: %s is not here: `make deps` installs it", tool)
	}
	checkers := map[int]string{}
	for _, games := range []int{2, 3} {
		dir, err := os.MkdirTemp("", "model")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := model.Build(dir, games); err != nil {
			return err
		}
		checkers[games] = dir
	}
	rows := map[string]bool{}
	fmt.Println("| search | games | settings | states | depth | s | errors |\n| --- | --- | --- | ---: | ---: | ---: | ---: |")
	for _, c := range model.Cases() {
		r, err := model.Check(checkers[c.Games], c.Settings)
		if err != nil {
			return err
		}
		if r.Broken != "" {
			return fmt.Errorf("check: %s (%s): not so: %s", c.Name, c.Settings, r.Broken)
		}
		for _, row := range r.Rows {
			rows[row] = true
		}
		fmt.Printf("| %s | %d | %s | %d | %d | %.1f | 0 |\n", c.Name, c.Games, c.Settings, r.States, r.Depth, r.Took.Seconds())
	}
	fmt.Println("\n| planted error | search | states | depth | what is broken |\n| --- | --- | ---: | ---: | --- |")
	for _, p := range model.Plants() {
		r, err := model.Check(checkers[p.Games], p.Set())
		if err != nil {
			return err
		}
		if r.Broken == "" {
			return fmt.Errorf("check: the model does not notice that %s", p.Name)
		}
		fmt.Printf("| %s | %s | %d | %d | %s |\n", p.Name, p.Settings, r.States, r.Depth, r.Broken)
	}
	all := slices.Sorted(maps.Keys(rows))
	fmt.Printf("\n%d steps\n", len(all))
	return os.WriteFile("fuzz/model/steps.txt", []byte(strings.Join(all, "\n")+"\n"), 0o644)
}
