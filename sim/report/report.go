// Package report draws what a sweep showed as one self-contained HTML page: what
// failed, which fault hit which step, which marks were hit, and how many states
// of the cluster were still new in the end.
package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"messiah/sim"
	"messiah/sim/sweep"
)

// Sweep is what a page shows.
type Sweep struct {
	Command  string // that ran it
	Report   *sweep.Report
	Plans    []string // minimal plans as text, one a failure of Report, "" where there is none
	Missed   []string // marks that no run hit
	Tables   []Table
	Finished time.Time
}

// Table is fault kind × step of one conversation.
type Table struct {
	Talk  string
	Steps []string
	Rows  []Row
	Empty int // cells that nothing hit
}

// Row is one kind of fault in a Table.
type Row struct {
	Kind  string
	Cells []Cell
}

// Cell is how often a kind of fault hit a step; Heat is from 0 to 5.
type Cell struct {
	Hits uint64
	Heat int
}

// Tables makes the tables of all conversations out of counts by "talk/step/kind".
func Tables(hits map[string]uint64) []Table {
	var all []Table
	for _, talk := range sim.Talks() {
		t := Table{Talk: talk, Steps: sim.StepNames(talk)}
		for _, kind := range sim.FaultKinds(talk) {
			row := Row{Kind: string(kind)}
			for _, step := range t.Steps {
				n := hits[talk+"/"+step+"/"+string(kind)]
				if n == 0 {
					t.Empty++
				}
				row.Cells = append(row.Cells, Cell{n, heat(n)})
			}
			t.Rows = append(t.Rows, row)
		}
		all = append(all, t)
	}
	return all
}

// heat grows by one with each tripling.
func heat(n uint64) int {
	h := 0
	for ; n > 0 && h < 5; n /= 3 {
		h++
	}
	return h
}

// page is what the template sees.
type page struct {
	*Sweep
	Verdict  string
	Figures  []figure
	Failures []failure
	Marks    []mark
	Growth   string // points of a polyline in a box of 600 × 160
	GrowthY  int
	ByName   []scenarioLine
}

type figure struct{ Value, Name string }

type failure struct {
	sweep.Failure
	Plan string
}

type mark struct {
	Name  string
	Hits  uint64
	Share int // of the bar, in percent, on a logarithmic scale
}

type scenarioLine struct {
	Name string
	*sweep.OfScenario
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"per": func(n uint64, runs int) uint64 { return n / uint64(max(runs, 1)) },
	"persec": func(d time.Duration, runs int) string {
		return fmt.Sprintf("%.0f", d.Seconds()/float64(max(runs, 1)))
	},
}).Parse(pageText))

// Write writes the page.
func Write(w io.Writer, s *Sweep) error {
	r := s.Report
	p := page{Sweep: s, Verdict: "All runs passed", GrowthY: r.States}
	if r.Failed > 0 {
		p.Verdict = fmt.Sprintf("%d of %d runs failed", r.Failed, r.Runs)
	}
	p.Figures = []figure{
		{grouped(uint64(r.Runs)), "runs"},
		{fmt.Sprintf("%.0f", r.SeedsPerSecond()), "seeds a second"},
		{fmt.Sprintf("%.2f M", r.EventsPerSecond()/1e6), "events a second"},
		{fmt.Sprintf("%.0f : 1", r.SimToReal()), "simulated to real"},
		{grouped(uint64(r.ReplayChecked)), "run twice and equal"},
		{grouped(uint64(r.States)), "states seen"},
		{grouped(uint64(r.NewStatesPerThousand())), "new ones in 1,000 seeds, of late"},
	}
	for i, f := range r.Failures {
		one := failure{Failure: f}
		if i < len(s.Plans) {
			one.Plan = s.Plans[i]
		}
		p.Failures = append(p.Failures, one)
	}
	p.Marks = marks(r.Marks)
	p.Growth = growth(r.Growth)
	for name, of := range r.ByScenario {
		p.ByName = append(p.ByName, scenarioLine{name, of})
	}
	slices.SortFunc(p.ByName, func(a, b scenarioLine) int { return strings.Compare(a.Name, b.Name) })
	return pageTemplate.Execute(w, &p)
}

func marks(hits map[string]uint64) []mark {
	var all []mark
	most := 1.0
	for name, n := range hits {
		all = append(all, mark{Name: name, Hits: n})
		most = max(most, math.Log1p(float64(n)))
	}
	for i := range all {
		all[i].Share = int(100 * math.Log1p(float64(all[i].Hits)) / most)
	}
	slices.SortFunc(all, func(a, b mark) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// growth draws the states known after so many runs.
func growth(all []sweep.Growth) string {
	if len(all) == 0 {
		return ""
	}
	last := all[len(all)-1]
	var b strings.Builder
	b.WriteString("0,160 ")
	for i, g := range all {
		if i%max(1, len(all)/300) == 0 || i == len(all)-1 {
			fmt.Fprintf(&b, "%.1f,%.1f ", 600*float64(g.Runs)/float64(max(last.Runs, 1)), 160-150*float64(g.States)/float64(max(last.States, 1)))
		}
	}
	return b.String()
}

// grouped writes a number with a comma before each three digits.
func grouped(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
