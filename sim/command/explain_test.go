package command

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// golden rewrites the golden explanations, to be looked at in review.
var golden = flag.Bool("golden", false, "write the golden explanations anew")

// buggy builds the binary that carries bugs once for all tests of the package.
var buggy = sync.OnceValues(func() (string, error) {
	path, _, err := plantedBinary(context.Background(), io.Discard)
	return path, err
})

func TestMain(m *testing.M) {
	flag.Parse()
	program = sample()
	status := m.Run()
	if path, err := buggy(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// explained runs `explain` in the binary that carries bugs; a failure that is explained ends with status 1.
func explained(t *testing.T, args ...string) string {
	t.Helper()
	path, err := buggy()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(path, append([]string{"explain"}, args...)...)
	cmd.Stderr, cmd.Dir = &stderr, filepath.Join("..", "..")
	out, err := cmd.Output()
	var exited *exec.ExitError
	if !errors.As(err, &exited) || exited.ExitCode() != exitViolation {
		t.Fatalf("explain %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// race is the run of the golden explanations: the smallest plan of the race of the source notes.
var race = []string{"scenarios/testdata/plans/planted/connected-not-withdrawn.plan"}

func TestExplanationOfTheRace(t *testing.T) {
	for _, format := range []string{"text", "mermaid"} {
		t.Run(format, func(t *testing.T) {
			got := explained(t, append(race, "--format", format)...)
			file := filepath.Join("testdata", "race."+format)
			if *golden {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the explanation is\n%s\nand %s has\n%s", got, file, want)
			}
		})
	}
}

// TestExplanationsFitAScreen explains a failure that is noticed long after it was made.
func TestExplanationsFitAScreen(t *testing.T) {
	text := explained(t, "scenarios/testdata/plans/planted/resume-skips-resend.plan")
	if lines := strings.Count(text, "\n"); lines > 40 {
		t.Errorf("it has %d lines", lines)
	}
	for _, want := range []string{
		"delivered-or-told: client1 waits for the outcome of 1 calls",
		"without resume-skips-resend; they part at ",
		"send reply 42949672", // the answer that was lost
		"! 0.",                // what lost it
		"drop-client target=client1",
		"violation of delivered-or-told",
	} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}

func TestExplainNamesWhatItCannotRead(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"no-such --seed 1", `no scenario "no-such"`},
		{"gate-lost --seed 1 --set gates=0", "option gates"},
		{"gate-lost --seed 1 --format pdf", "--format"},
		{"gate-lost --seed 1 --out /no/such/place/why.html", "cannot write /no/such/place/why.html"},
	} {
		var stdout, stderr bytes.Buffer
		status := run(append([]string{"explain"}, strings.Fields(tt.args)...), &stdout, &stderr)
		if status != exitUsage || strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), tt.want) {
			t.Errorf("explain %s: exit %d, %q", tt.args, status, stderr.String())
		}
	}
}
