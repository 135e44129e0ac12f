package rules

import (
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree parses the whole module once a test.
func tree(t *testing.T) (root string, files []*File) {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	files, err = ParseTree(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("no Go files below %s", root)
	}
	return root, files
}

// fail reports findings as test errors, one a line.
func fail(t *testing.T, findings []Finding) {
	t.Helper()
	sortFindings(findings)
	for _, f := range findings {
		t.Errorf("%s", f)
	}
}

func TestImportsFollowTheTable(t *testing.T) {
	_, files := tree(t)
	var findings []Finding
	for _, f := range files {
		if pkg := path.Dir(f.Name); pkg != "." {
			findings = append(findings, CheckImports(f, pkg)...)
		}
	}
	fail(t, findings)
}

func TestBuildConstraints(t *testing.T) {
	_, files := tree(t)
	var findings []Finding
	for _, f := range files {
		findings = append(findings, CheckConstraint(f, path.Dir(f.Name))...)
	}
	fail(t, findings)
}

// TestDeterminism runs the determinism checker, as `go vet` runs it, over all
// packages for which its rules hold.
func TestDeterminism(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	packages, err := DeterministicPackages(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, must := range []string{"core/node", "core/game", "sim", "sim/vet", "netsim", "scenarios"} {
		if !slices.Contains(packages, Module+"/"+must) {
			t.Errorf("%s is not among the %d packages that are checked", must, len(packages))
		}
	}
	out, err := goRun(root, append([]string{"vet", "-vettool=" + checker(t, root)}, packages...)...)
	if err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}

// checker builds messiah-vet and returns its path.
func checker(t *testing.T, root string) string {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "messiah-vet")
	if out, err := goRun(root, "build", "-o", tool, "./sim/cmd/messiah-vet"); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return tool
}

// goRun runs the go command in a directory and returns all that it says.
func goRun(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestOrdinaryBinariesHaveNoPlantedBugs(t *testing.T) {
	root, files := tree(t)
	var findings []Finding
	var home []*File
	for _, f := range files {
		pkg := path.Dir(f.Name)
		findings = append(findings, CheckPlantedTag(f, pkg)...)
		if pkg == plantedHome {
			home = append(home, f)
		}
	}
	fail(t, append(findings, CheckPlantedOff(home)...))

	cmd := exec.Command("go", "build", "-gcflags=-m", "./"+plantedHome)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "can inline On") {
		t.Errorf("the compiler does not inline planted.On, so planted code stays in ordinary binaries:\n%s", out)
	}
}
