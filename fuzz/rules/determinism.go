package rules

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
)

// deterministic are the trees in which the determinism rules hold.
var deterministic = [...]string{"core", "sim", "netsim", "scenarios"}

// exempt are the packages to which they do not apply, each with its reason.
// Files that ask for the build tag `planted` are exempt too: the chosen bug is
// one variable of the process, set between runs.
var exempt = [...]struct{ dir, reason string }{
	{"sim/cmd", "the command: reads files and the clock, prints"},
	{"sim/command", "what the command does: reads files and the clock, prints"},
	{"sim/panicked", "names the functions that ran when code panicked, which the build decides alone"},
	{"sim/report", "draws for people what many runs showed: no world runs in it"},
	{"sim/sweep", "the parallel sweeper: one goroutine a world, real seconds, files"},
	{"sim/enumerate", "the parallel explorer: one goroutine a world, taken in order; its outcome is the same for any number"},
	{"sim/tier", "the clock of the KCP tier: a synctest bubble a world, moved by sleeping"},
	{"core/arq", "the library's clock is a package variable, reached by linkname"},
	{"core/schema", "reads and writes fields by their offsets, which takes unsafe: no address reaches a result"},
}

// Deterministic reports whether the determinism rules hold for a package, given
// by its path relative to the module.
func Deterministic(pkg string) bool {
	for _, e := range exempt {
		if under(pkg, e.dir) {
			return false
		}
	}
	for _, dir := range deterministic {
		if under(pkg, dir) {
			return true
		}
	}
	return false
}

// DeterministicPackages returns the import paths of the module's packages, below
// root, for which the rules hold. Those rules are the analyzers of sim/vet.
func DeterministicPackages(root string) ([]string, error) {
	args := []string{"list"}
	for _, dir := range deterministic {
		args = append(args, "./"+dir+"/...")
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("rules: go list: %w: %s", err, stderr.Bytes())
	}
	var packages []string
	for path := range strings.FieldsSeq(string(out)) {
		if Deterministic(strings.TrimPrefix(path, Module+"/")) {
			packages = append(packages, path)
		}
	}
	return packages, nil
}

// CheckConstraint reports a file of the deterministic trees that a build constraint
// may keep out of the build that the analyzers see.
func CheckConstraint(f *File, pkg string) []Finding {
	if f.Test || pkg == plantedHome || !Deterministic(pkg) || constraintOf(f.AST) == nil {
		return nil
	}
	return []Finding{f.finding(f.AST.Name, "constraint",
		"a build constraint hides the file from the determinism rules: write it once for all builds")}
}
