package rules

import (
	"os/exec"
	"path"
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

func TestDeterminism(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	units, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(units) == 0 {
		t.Fatalf("no packages in %v", deterministic)
	}
	var findings []Finding
	for _, u := range units {
		findings = append(findings, CheckDeterminism(u)...)
	}
	fail(t, findings)
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
