package command

import (
	"fmt"
	"io"
	"math/big"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"messiah/core/planted"
	"messiah/sim"
	"messiah/sim/enumerate"
)

type enumerateCmd struct {
	Name      string `arg:"" help:"The case; an unknown name lists them."`
	MaxStates int    `default:"200000" placeholder:"N" help:"Begin no round with so many states."`
	Crashes   *int   `placeholder:"N" help:"Crashes in one order; the case has its own number."`
	Drops     *int   `placeholder:"N" help:"Broken connections of players in one order."`
	Faults    *int   `placeholder:"N" help:"Crashes and broken connections together; 0 is no bound of its own."`
	Timers    *int   `placeholder:"N" help:"Timers that fire in one order when nothing else is to be done."`
	Depth     *int   `placeholder:"N" help:"Moves of one order; 0 is no bound."`
	Unmerged  bool   `help:"Go through the orders one by one as well, and compare; for cases of some thousand orders."`
	Path      string `placeholder:"N.N.…" help:"Tell one order move by move instead."`
	Jobs      int    `help:"Worlds at once; 0 is one a processor."`
	JSON      bool   `help:"Print one JSON document."`
}

// Help is the example of the command.
func (enumerateCmd) Help() string {
	return "Example: messiah-sim enumerate connect-then-disconnect --json\n\n" +
		"Goes through every delivery order and crash point of a small case. Orders that lead to equal states of the " +
		"cluster are gone through once from there on. The cases:\n\n" + aboutCases()
}

func aboutCases() string {
	var b strings.Builder
	for _, c := range program.Cases {
		fmt.Fprintf(&b, "%s: %s\n\n", c.Name, c.About)
	}
	return strings.TrimSpace(b.String())
}

// caseNamed finds a case, or says which there are.
func caseNamed(name string) (*sim.Case, error) {
	if len(program.Cases) == 0 {
		return nil, usage("%s has no case to go through: set Program.Cases", program.Name)
	}
	names := ""
	for _, c := range program.Cases {
		if c.Name == name {
			return c, nil
		}
		names += " " + c.Name
	}
	return nil, usage("no case %q; there are:%s", name, names)
}

// enumerated is one enumeration as `enumerate --json` prints it.
type enumerated struct {
	Case              string         `json:"case"`
	States            int            `json:"states"`
	OrdersRepresented *big.Int       `json:"orders_represented"`
	Complete          bool           `json:"complete"`
	Violations        []violatedCase `json:"violations"`

	Moves       int            `json:"moves"`         // between two states
	EndStates   int            `json:"end_states"`    // each was let come to rest
	Longest     int            `json:"longest_order"` // in moves
	Bounds      map[string]int `json:"bounds"`
	Unmerged    *int           `json:"orders_unmerged"` // counted one by one; null where that was not asked for
	WallSeconds float64        `json:"wall_seconds"`
	Repro       string         `json:"repro"`
}

// violatedCase is an order that an oracle does not let pass.
type violatedCase struct {
	Oracle  string   `json:"oracle"`
	Message string   `json:"message"`
	AtRest  bool     `json:"at_rest"`
	Path    string   `json:"path"`
	Steps   []string `json:"steps"`
	Repro   string   `json:"repro"`
}

func (c enumerateCmd) Run(out *output) error {
	one, err := caseNamed(c.Name)
	if err != nil {
		return err
	}
	if c.MaxStates < 1 {
		return usage("--max-states %d: an enumeration finds at least one", c.MaxStates)
	}
	if err := c.bound(one); err != nil {
		return err
	}
	if c.Path != "" {
		return c.tell(out, one)
	}
	jobs := c.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	tell, done := enumerating(out.people)
	began := time.Now()
	res, err := enumerate.Run(enumerate.Config{Case: one, MaxStates: c.MaxStates, Jobs: jobs, Progress: tell})
	done()
	if err != nil {
		return usage("%v", err)
	}
	e := c.asEnumerated(one, res)
	if err := c.compare(one, res, &e); err != nil {
		return err
	}
	e.WallSeconds = time.Since(began).Seconds()
	if c.JSON {
		err = printJSON(out, &e)
	} else {
		e.print(out.results)
	}
	if err == nil && len(e.Violations) > 0 {
		err = exitStatus{status: exitViolation}
	}
	return err
}

// bound lets the command line change what the case allows.
func (c *enumerateCmd) bound(one *sim.Case) error {
	for _, b := range []struct {
		name  string
		value *int
		into  *int
	}{
		{"crashes", c.Crashes, &one.Crashes}, {"drops", c.Drops, &one.Drops}, {"faults", c.Faults, &one.Faults},
		{"timers", c.Timers, &one.Timers}, {"depth", c.Depth, &one.Depth},
	} {
		if b.value == nil {
			continue
		}
		if *b.value < 0 {
			return usage("--%s %d: it cannot be negative", b.name, *b.value)
		}
		*b.into = *b.value
	}
	return nil
}

func (c *enumerateCmd) asEnumerated(one *sim.Case, res *enumerate.Result) enumerated {
	e := enumerated{
		Case: one.Name, States: res.States, OrdersRepresented: res.Orders, Complete: res.Complete, Violations: []violatedCase{},
		Moves: res.Moves, EndStates: res.Ends, Longest: res.Longest, Repro: c.repro(one),
		Bounds: map[string]int{
			"crashes": one.Crashes, "drops": one.Drops, "faults": one.Faults, "timers": one.Timers, "depth": one.Depth,
			"max_states": c.MaxStates,
		},
	}
	for _, v := range res.Violations {
		path := joinPath(v.Path)
		e.Violations = append(e.Violations, violatedCase{v.Oracle, v.Message, v.AtRest, path, v.Steps, e.Repro + " --path " + path})
	}
	return e
}

// compare counts the orders one by one where that is asked for. A difference is
// no violation of the cluster's, but of ours.
func (c *enumerateCmd) compare(one *sim.Case, res *enumerate.Result, e *enumerated) error {
	const most = 1_000_000
	if !c.Unmerged || !res.Complete {
		return nil
	}
	orders, ends, err := enumerate.Unmerged(one, most)
	if err != nil {
		return usage("%v", err)
	}
	e.Unmerged = &orders
	if res.Orders.Cmp(big.NewInt(int64(orders))) != 0 || len(ends) != res.Ends {
		return exitStatus{exitNondeterminism, fmt.Sprintf("one by one there are %d orders with %d ends, and the states stand for %v with %d",
			orders, len(ends), res.Orders, res.Ends)}
	}
	return nil
}

// repro returns the command that goes through the case again.
func (c *enumerateCmd) repro(one *sim.Case) string {
	text := program.Name + " enumerate " + one.Name
	if bug := planted.Chosen(); bug != "" {
		text = plantedCommand(text) + " --plant " + bug
	}
	for _, b := range []struct {
		name  string
		value *int
	}{{"crashes", c.Crashes}, {"drops", c.Drops}, {"faults", c.Faults}, {"timers", c.Timers}, {"depth", c.Depth}} {
		if b.value != nil {
			text += fmt.Sprintf(" --%s %d", b.name, *b.value)
		}
	}
	return text
}

func joinPath(path []int) string {
	words := make([]string, len(path))
	for i, n := range path {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ".")
}

// tell prints one order, whole, and how it is judged.
func (c *enumerateCmd) tell(out *output, one *sim.Case) error {
	if c.JSON || c.Unmerged {
		return usage("--path tells one order in words: it goes with neither --json nor --unmerged")
	}
	var path []int
	for word := range strings.SplitSeq(c.Path, ".") {
		n, err := strconv.Atoi(word)
		if err != nil {
			return usage("--path %s: %q is not a number", c.Path, word)
		}
		path = append(path, n)
	}
	steps, end, v, err := enumerate.Tell(one, path)
	if err != nil {
		return usage("%v", err)
	}
	for _, step := range steps {
		fmt.Fprintln(out.results, step)
	}
	switch {
	case v != nil:
		fmt.Fprintf(out.results, "violation of %s: %s\n", v.Oracle, v.Text)
	case end:
		fmt.Fprintln(out.results, "no oracle is violated, nor when the cluster comes to rest after this order")
		return nil
	default:
		fmt.Fprintln(out.results, "no oracle is violated")
		return nil
	}
	return exitStatus{status: exitViolation}
}

func (e *enumerated) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %d states stand for %v orders", e.Case, e.States, e.OrdersRepresented)
	switch {
	case len(e.Violations) > 0:
		fmt.Fprint(w, ", up to a violation")
	case e.Complete:
		fmt.Fprint(w, ", all there are")
	default:
		fmt.Fprint(w, "; INCOMPLETE: --max-states was reached")
	}
	fmt.Fprintf(w, "\n  %d moves, the longest order has %d; %d ends, each let come to rest; %.1f s\n", e.Moves, e.Longest, e.EndStates, e.WallSeconds)
	if e.Unmerged != nil {
		fmt.Fprintf(w, "  one by one: %d orders, the same ends\n", *e.Unmerged)
	}
	for i := range e.Violations {
		v := &e.Violations[i]
		when := ""
		if v.AtRest {
			when = ", when the cluster has come to rest after"
		}
		fmt.Fprintf(w, "violation of %s: %s%s\n%s\n  again: %s\n", v.Oracle, v.Message, when, strings.Join(v.Steps, "\n"), v.Repro)
	}
}

// enumerating shows a bar on a terminal, a line every few seconds elsewhere. How
// many states there are is known only in the end: the bar shows the share of the
// moves known that were done.
func enumerating(w io.Writer) (tell func(*enumerate.Progress), done func()) {
	began := time.Now()
	line := func(p *enumerate.Progress) string {
		return fmt.Sprintf("%d states, %.0f a second, %d ends, %d moves wait", p.States, float64(p.States)/time.Since(began).Seconds(), p.Ends, p.Waiting)
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		last := began
		return func(p *enumerate.Progress) {
			if time.Since(last) >= 5*time.Second {
				last = time.Now()
				fmt.Fprintln(w, line(p))
			}
		}, func() {}
	}
	bar := progressbar.NewOptions64(1000, progressbar.OptionSetWriter(w), progressbar.OptionShowElapsedTimeOnFinish(),
		progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond))
	return func(p *enumerate.Progress) {
		bar.Describe(line(p))
		_ = bar.Set64(int64(p.Done) * 1000 / int64(max(p.Done+p.Waiting, 1)))
	}, func() { _ = bar.Finish(); fmt.Fprintln(w) }
}
