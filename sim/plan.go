package sim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"messiah/core/node"
	"messiah/core/planted"
	"messiah/sim/choice"
)

// Plan is a run as text: what a seed expands to, with what matters written out
// so that it can be read, edited, minimised and kept. A seed's meaning changes
// with the code; a plan's does not.
type Plan struct {
	Scenario string
	Seed     uint64   // of keys and of what the nodes draw themselves, and of the noise
	Oracle   string   // that the run violates, "" for a run that passes
	Bug      string   // the planted bug that the run is made with, or ""
	Set      []string // KEY=VALUE over what the scenario sets where every choice is the plain one
	// Noise names the purposes whose decisions are the seed's where none is listed:
	// "story", "net", "process", "store", "clock", "options". All others are plain: 0.
	Noise []string
	// Listed says that of the story's own faults only those in Faults strike.
	Listed    bool
	Faults    []Fault
	Decisions []choice.Decision
}

// Purposes are those of decisions, in the order in which minimising tries to do without their noise.
func Purposes() []string { return []string{"clock", "process", "net", "store", "story", "options"} }

// Bounds of a plan file.
const (
	MaxPlanBytes  = 64 << 20
	maxPlanFaults = 100_000
)

// planHead is the first line of a plan file.
const planHead = "messiah plan 1"

// source returns the decisions of a run with this plan.
func (p *Plan) source() choice.Source {
	return choice.Blend(choice.Replay(p.Decisions), choice.Seeded(p.Seed), p.Noise)
}

// Size is how many decisions a reader of the plan has to follow: options,
// faults and choices.
func (p *Plan) Size() int { return len(p.Set) + len(p.Faults) + len(p.Decisions) }

// String returns the fault as a plan writes it, without its time.
func (f *Fault) text(b *strings.Builder) {
	b.WriteString(string(f.Kind))
	if f.Target != 0 {
		fmt.Fprintf(b, " target=%v", f.Target)
	}
	if f.Other != 0 {
		fmt.Fprintf(b, " other=%v", f.Other)
	}
	if f.OneWay {
		b.WriteString(" one-way=yes")
	}
	if f.With != "" {
		fmt.Fprintf(b, " with=%s", f.With)
	}
	if f.For != 0 {
		fmt.Fprintf(b, " lasting=%v", f.For)
	}
}

// String returns the fault in one line.
func (f Fault) String() string {
	var b strings.Builder
	f.text(&b)
	return b.String()
}

// Text returns the plan as a file that ReadPlan reads.
func (p *Plan) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nscenario %s\nseed %d\n", planHead, p.Scenario, p.Seed)
	if p.Oracle != "" {
		fmt.Fprintf(&b, "oracle %s\n", p.Oracle)
	}
	if p.Bug != "" {
		fmt.Fprintf(&b, "bug %s\n", p.Bug)
	}
	for _, pair := range p.Set {
		fmt.Fprintf(&b, "set %s\n", pair)
	}
	for _, purpose := range p.Noise {
		fmt.Fprintf(&b, "noise %s\n", purpose)
	}
	if p.Listed {
		b.WriteString("faults listed\n")
	}
	for i := range p.Faults {
		f := &p.Faults[i]
		if f.Site > 0 {
			fmt.Fprintf(&b, "fault %d ", f.Site)
		} else {
			b.WriteString("fault - ")
		}
		f.text(&b)
		fmt.Fprintf(&b, " at=%v\n", time.Duration(f.At))
	}
	var decisions strings.Builder
	if err := choice.WriteDecisions(&decisions, p.Decisions); err != nil {
		panic("sim: a plan's decisions: " + err.Error())
	}
	last := uint64(0)
	i := 0
	for line := range strings.Lines(decisions.String()) {
		if d := &p.Decisions[i]; d.Purpose == "net" && d.ID != last {
			last = d.ID
			fmt.Fprintf(&b, "# net %d is from %v to %v\n", d.ID, node.ID(d.ID>>32), node.ID(uint32(d.ID)))
		}
		i++
		b.WriteString("decide " + line)
	}
	return b.String()
}

// ReadPlan reads what Text wrote, edited or not. Its errors name the line and what it wants.
func ReadPlan(text string) (*Plan, error) {
	if len(text) > MaxPlanBytes {
		return nil, fmt.Errorf("sim: a plan of %d bytes is larger than %d", len(text), MaxPlanBytes)
	}
	p := &Plan{}
	number, headed := 0, false
	var decisions strings.Builder // one line a line of the file, so that errors name the right one
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		decision := ""
		switch word, rest, _ := strings.Cut(line, " "); {
		case line == "" || line[0] == '#':
		case !headed:
			if line != planHead {
				return nil, fmt.Errorf("sim: line %d: a plan begins with %q", number, planHead)
			}
			headed = true
		case word == "decide":
			decision = rest
		default:
			if err := p.read(word, strings.TrimSpace(rest)); err != nil {
				return nil, fmt.Errorf("sim: line %d: %w", number, err)
			}
		}
		decisions.WriteString(decision + "\n")
	}
	if !headed {
		return nil, fmt.Errorf("sim: an empty plan; one begins with %q", planHead)
	}
	if p.Scenario == "" {
		return nil, errors.New("sim: the plan names no scenario; write a line like: scenario second-login")
	}
	var err error
	if p.Decisions, err = choice.ReadDecisions(strings.NewReader(decisions.String())); err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	return p, nil
}

// read takes one line of a plan.
func (p *Plan) read(word, rest string) error {
	switch word {
	case "scenario":
		p.Scenario = rest
	case "seed":
		seed, err := strconv.ParseUint(rest, 10, 64)
		if err != nil {
			return fmt.Errorf("seed %q is not a number from 0", rest)
		}
		p.Seed = seed
	case "oracle":
		p.Oracle = rest
	case "bug":
		p.Bug = rest
	case "set":
		o := DefaultOptions()
		if err := o.setPair(rest); err != nil {
			return err
		}
		p.Set = append(p.Set, rest)
	case "noise":
		if !slices.Contains(Purposes(), rest) {
			return fmt.Errorf("noise %q is none of %s", rest, strings.Join(Purposes(), ", "))
		}
		p.Noise = append(p.Noise, rest)
	case "faults":
		if rest != "listed" {
			return fmt.Errorf("faults %q: the one word is: listed", rest)
		}
		p.Listed = true
	case "fault":
		return p.readFault(rest)
	default:
		return fmt.Errorf("no line begins with %q; there are scenario, seed, oracle, bug, set, noise, faults, fault, decide and # for a comment", word)
	}
	return nil
}

func (p *Plan) readFault(rest string) error {
	if len(p.Faults) == maxPlanFaults {
		return fmt.Errorf("more than %d faults", maxPlanFaults)
	}
	parts := strings.Fields(rest)
	if len(parts) < 2 {
		return errors.New("want: fault SITE KIND [target=PROCESS] [lasting=D] [at=D], where SITE is - for a fault of its own at that time")
	}
	var f Fault
	if parts[0] != "-" {
		site, err := strconv.Atoi(parts[0])
		if err != nil || site < 1 {
			return fmt.Errorf("fault %q: which fault of the story it is, from 1, or - for one of its own", parts[0])
		}
		f.Site = site
	}
	f.Kind = FaultKind(parts[1])
	if !slices.Contains(AllFaultKinds(), f.Kind) {
		return fmt.Errorf("no fault %q; there are %s", parts[1], joinKinds())
	}
	for _, part := range parts[2:] {
		if err := f.read(part); err != nil {
			return fmt.Errorf("fault %s: %w", parts[1], err)
		}
	}
	if err := f.check(); err != nil {
		return fmt.Errorf("fault %s: %w", parts[1], err)
	}
	p.Faults = append(p.Faults, f)
	return nil
}

func joinKinds() string {
	var names []string
	for _, kind := range AllFaultKinds() {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}

// read takes one KEY=VALUE of a fault.
func (f *Fault) read(part string) error {
	key, value, _ := strings.Cut(part, "=")
	var err error
	switch key {
	case "target":
		f.Target, err = node.ParseID(value)
	case "other":
		f.Other, err = node.ParseID(value)
	case "one-way":
		f.OneWay = value == "yes"
		if value != "yes" && value != "no" {
			err = fmt.Errorf("one-way=%s is neither yes nor no", value)
		}
	case "with":
		f.With = value
	case "lasting":
		f.For, err = faultTime(value)
	case "at":
		var at time.Duration
		at, err = faultTime(value)
		f.At = node.Time(at)
	default:
		err = fmt.Errorf("%q is none of target=, other=, one-way=, with=, lasting=, at=", part)
	}
	return err
}

func faultTime(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > longest {
		return 0, fmt.Errorf("%q is not a time like 250ms, up to %v", text, longest)
	}
	return d, nil
}

// check tells why a fault could not strike anybody in any cluster, nil if it could.
func (f *Fault) check() error {
	switch {
	case f.Kind == StoreSlow:
		if by, err := time.ParseDuration(f.With); err != nil || by < 0 || by > longest {
			return fmt.Errorf("with=%q is not by how much the store is slower, like 150ms", f.With)
		}
		return nil
	case slices.Contains(storeFaults[:], f.Kind):
		return nil
	case f.Target == 0:
		return errors.New("whom does it strike? Write target=gate1, or another process")
	case slices.Contains(clientFaults[:], f.Kind) != (f.Target.Kind() == node.Client):
		return fmt.Errorf("it does not strike a %v", f.Target.Kind())
	}
	switch f.Kind {
	case CrashManager, CrashDB, CrashGate, CrashGame:
		if crashOf(f.Target.Kind()) != f.Kind {
			return fmt.Errorf("%v is another kind of process", f.Target)
		}
	case Partition:
		if f.Other == 0 || f.Other == f.Target {
			return errors.New("from whom is it parted? Write other=game1, or another process")
		}
	case BadLink:
		if !slices.Contains(stormNames(), f.With) {
			return fmt.Errorf("with=%s is none of %s", f.With, strings.Join(stormNames(), ", "))
		}
	case Clog:
		if _, err := strconv.ParseUint(f.With, 10, 64); err != nil {
			return fmt.Errorf("with=%q is not the links as a number", f.With)
		}
	case ClockJump:
		if d, err := time.ParseDuration(f.With); err != nil || d.Abs() > longest*365 {
			return fmt.Errorf("with=%q is not how far the clock jumps, like -3s", f.With)
		}
	}
	return nil
}

// Record runs a scenario and returns, beside the result, the run as a plan that
// stands alone: each option, each fault that struck, each choice that was not
// the plain one. The plan is nil where the run made more choices than a plan holds.
func (sc *Scenario) Record(exec func(*Scenario, RunConfig) (Result, error), cfg RunConfig) (Result, *Plan, error) {
	cfg.Choices = true
	res, err := exec(sc, cfg)
	if err != nil || len(res.Decisions) >= choice.MaxDecisions || len(res.Faults) >= maxFaults {
		return res, nil, err
	}
	p := &Plan{
		Scenario: sc.Name, Seed: res.Seed, Oracle: res.Oracle, Bug: planted.Chosen(),
		Listed: true, Faults: slices.Clone(res.Faults), Decisions: res.Decisions,
	}
	p.Set = sc.differences(res.Options)
	return res, p, nil
}

// plain returns the options of a run in which every choice is the plain one.
func (sc *Scenario) plain() Options {
	o := DefaultOptions()
	if sc.Options != nil {
		sc.Options(&o, choice.Replay(nil).Stream("options", 0))
	}
	return o
}

// differences lists, as KEY=VALUE, the options that are not what the scenario
// sets where every choice is the plain one.
func (sc *Scenario) differences(options map[string]string) []string {
	o := sc.plain()
	plain := o.Text()
	var set []string
	for _, name := range OptionNames() {
		if options[name] != plain[name] {
			set = append(set, name+"="+options[name])
		}
	}
	return set
}
