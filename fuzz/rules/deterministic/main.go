// Command deterministic prints the import paths of the packages for which the
// determinism rules hold, one a line: what `make lint` hands to messiah-vet.
//
// Example: go vet -vettool=bin/messiah-vet $(go run ./fuzz/rules/deterministic)
package main

import (
	"fmt"
	"os"

	"messiah/fuzz/rules"
)

func main() {
	root, err := rules.Root()
	if err == nil {
		var packages []string
		packages, err = rules.DeterministicPackages(root)
		for _, p := range packages {
			fmt.Println(p)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "deterministic:", err)
		os.Exit(1)
	}
}
