package command

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"

	"messiah/core/planted"
	"messiah/sim"
)

// what is the run that a command is about: a plan file, or a scenario and a seed.
type what struct {
	What string   `arg:"" name:"file-or-name" help:"A plan file, or a scenario; messiah-sim list names them."`
	Seed *uint64  `placeholder:"N" help:"The seed, for a scenario."`
	Set  []string `placeholder:"KEY=VALUE" help:"Override an option; repeat it for several."`
}

// resolve finds the scenario and how it is to be run.
func (c *what) resolve() (*sim.Scenario, sim.RunConfig, error) {
	if looksLikeFile(c.What) {
		if c.Seed != nil {
			return nil, sim.RunConfig{}, usage("%s is a plan, which says its seed itself; leave --seed away, or edit the plan", c.What)
		}
		sc, plan, err := readPlan(c.What)
		return sc, sim.RunConfig{Plan: plan, Set: c.Set}, err
	}
	sc, err := scenarioNamed(c.What)
	if err != nil {
		return nil, sim.RunConfig{}, err
	}
	if c.Seed == nil {
		return nil, sim.RunConfig{}, usage("which seed of %s? Write --seed N", c.What)
	}
	return sc, sim.RunConfig{Seed: *c.Seed, Set: c.Set}, nil
}

// looksLikeFile tells a plan file from the name of a scenario.
func looksLikeFile(s string) bool {
	if strings.ContainsAny(s, "./\\") {
		return true
	}
	for _, sc := range program.Scenarios {
		if sc.Name == s {
			return false
		}
	}
	_, err := os.Stat(s)
	return err == nil
}

// readPlan reads a plan file and finds its scenario. A bug that the plan is made
// with is planted.
func readPlan(file string) (*sim.Scenario, *sim.Plan, error) {
	switch recording, err := recordingOf(file); {
	case err != nil:
		return nil, nil, err
	case recording != "":
		return nil, nil, usage("%s is a flight recording or names one; `%s import` and `%s replay` take it", file, program.Name, program.Name)
	}
	text, err := readFile("plan", file, sim.MaxPlanBytes, nil)
	if err != nil {
		return nil, nil, err
	}
	plan, err := sim.ReadPlan(string(text))
	if err != nil {
		return nil, nil, usage("%s: %v", file, err)
	}
	sc, err := scenarioNamed(plan.Scenario)
	if err != nil {
		return nil, nil, err
	}
	return sc, plan, plantFor(file, plan)
}

// fileHead is how much of a file tells what it is.
const fileHead = 64

// readFile reads a file that may be anything, of most bytes at the most. What a
// pipe or a device holds no size tells, so that it is the reading that is bounded.
// Of a file that does not begin as is wants it returns the beginning alone; is may be nil.
func readFile(what, file string, most int64, is func(head []byte) bool) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, usage("cannot read the %s: %v", what, err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, usage("cannot read the %s: %v", what, err)
	}
	in := bufio.NewReader(io.LimitReader(f, most+1))
	if head, _ := in.Peek(fileHead); is != nil && !is(head) { // an error comes again where the file is read
		return bytes.Clone(head), nil
	}
	var text bytes.Buffer
	if st.Size() <= most {
		text.Grow(int(st.Size()) + bytes.MinRead) // or the buffer doubles up to it
		if _, err := text.ReadFrom(in); err != nil {
			return nil, usage("cannot read the %s: %v", what, err)
		}
	}
	if st.Size() > most || int64(text.Len()) > most {
		return nil, usage("the %s %s has more than %d bytes, the most that one may have", what, file, most)
	}
	return text.Bytes(), nil
}

// plantFor plants the bug that a plan is made with.
func plantFor(file string, plan *sim.Plan) error {
	if plan.Bug == "" || plan.Bug == planted.Chosen() {
		return nil
	}
	if _, known := sim.BugNamed(plan.Bug); !known {
		return noBug(plan.Bug)
	}
	if !planted.Built {
		return usage("%s was made with the planted bug %s, and this binary carries none: go run -tags planted ./sim/cmd/messiah-sim with the same arguments", file, plan.Bug)
	}
	return planted.Choose(plan.Bug)
}

// writePlan writes a plan file and the folders above it.
func writePlan(file string, plan *sim.Plan) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return usage("cannot write the plan: %v", err)
	}
	if err := os.WriteFile(file, []byte(plan.Text()), 0o644); err != nil {
		return usage("cannot write the plan: %v", err)
	}
	return nil
}
