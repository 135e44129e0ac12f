package model

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed spin
var sources embed.FS

// Missing returns what the model's checker needs and this machine does not have, "" if nothing.
func Missing() string {
	for _, tool := range []string{"spin", "cc"} {
		if _, err := exec.LookPath(tool); err != nil {
			return tool
		}
	}
	return ""
}

// Memory bounds what a search may take, in MiB.
const Memory = 2000

// Build makes the checker of a model with two games or three in a directory, which takes
// spin and some ten seconds of the C compiler.
func Build(dir string, games int) error {
	entries, err := sources.ReadDir("spin")
	if err != nil {
		return err
	}
	for _, e := range entries {
		text, err := fs.ReadFile(sources, "spin/"+e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), text, 0o644); err != nil {
			return err
		}
	}
	if err := command(dir, "spin", fmt.Sprintf("-DGAMES=%d", games), "-a", "migration.pml"); err != nil {
		return err
	}
	// Each step is one atomic block over shared variables, so that spin's own reduction, which
	// looks at statements, would not hold: NOREDUCE.
	return command(dir, "cc", "-O1", "-w", "-DSAFETY", "-DNOREDUCE", "-DCOLLAPSE", "-DVECTORSZ=4096", fmt.Sprintf("-DMEMLIM=%d", Memory), "-o", "pan", "pan.c")
}

func command(dir, name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("model: %s: %w: %s", name, err, out)
	}
	return nil
}

// Result is what a search has found.
type Result struct {
	States int    // all of them, where nothing is Broken
	Depth  int    // steps of the longest path
	Broken string // the fact that does not hold, "" where all do
	Took   time.Duration
	Rows   []string // the steps that were taken, as lines of the table
}

// maxDepth is how long a path may be; one that is longer is an error.
const maxDepth = 100_000

var counts = regexp.MustCompile(`depth reached (\d+), errors: (\d+)[^\d]+(\d+) states, stored`)

// Check searches all that can happen under settings as "crashes=1 mails=0", by a checker
// that Build has made. A search that cannot be complete is an error.
func Check(dir, settings string) (Result, error) {
	rows := filepath.Join(dir, "rows.txt")
	var out, errs bytes.Buffer
	c := exec.Command("./pan", fmt.Sprintf("-m%d", maxDepth))
	c.Dir, c.Stdout, c.Stderr = dir, &out, &errs
	c.Env = append(os.Environ(), "MODEL="+settings, "MODEL_ROWS="+rows)
	begin := time.Now()
	if err := c.Run(); err != nil {
		return Result{}, fmt.Errorf("model: %s: %w: %s", settings, err, errs.String())
	}
	r := Result{Took: time.Since(begin)}
	found := counts.FindStringSubmatch(out.String())
	if found == nil || strings.Contains(out.String(), "Search not completed") && found[2] == "0" || strings.Contains(out.String(), "max search depth too small") {
		return r, fmt.Errorf("model: %s: no complete search: %s", settings, out.String())
	}
	r.Depth, _ = strconv.Atoi(found[1])
	r.States, _ = strconv.Atoi(found[3])
	if found[2] != "0" {
		if _, r.Broken, _ = strings.Cut(strings.TrimSpace(errs.String()), "BROKEN: "); r.Broken == "" {
			return r, fmt.Errorf("model: %s: %s", settings, out.String())
		}
	}
	text, err := os.ReadFile(rows)
	if err != nil {
		return r, errors.Join(err, errors.New("model: no table of steps"))
	}
	r.Rows = strings.Split(strings.TrimSpace(string(text)), "\n")
	slices.Sort(r.Rows)
	return r, nil
}
