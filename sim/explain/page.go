package explain

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the page's parts
	"encoding/base64"
	"encoding/json"
	"html"
	"slices"
	"strings"

	"messiah/core/node"
	"messiah/sim"
)

//go:embed page/page.html
var pageHTML string

//go:embed page/page.css
var pageCSS string

//go:embed page/model.js
var modelJS string

//go:embed page/draw.js
var drawJS string

//go:embed page/view.js
var viewJS string

// maxPageBody bounds what a page shows of one body, in bytes.
const maxPageBody = 512

// pageDocument is what the page's script reads.
type pageDocument struct {
	Title   string    `json:"title"`
	Verdict string    `json:"verdict"`
	Message string    `json:"message"`
	Repro   string    `json:"repro"`
	Near    string    `json:"near"`
	Cut     uint64    `json:"cut"`
	Runs    []pageRun `json:"runs"` // the run itself and, where there is one, the nearest that passes
}

// pageRun is one run as columns: the i-th element of each belongs to the i-th entry.
type pageRun struct {
	Name    string      `json:"name"`
	Verdict string      `json:"verdict"`
	Places  []pagePlace `json:"places"`
	Kinds   []string    `json:"kinds"`
	Sorts   []string    `json:"sorts"`
	Clients []string    `json:"clients"`
	Account []string    `json:"accounts"`

	Event   []uint64 `json:"event"`
	At      []int64  `json:"at"` // nanoseconds
	Place   []int    `json:"place"`
	Lane    []string `json:"lane"` // "" for the node itself
	Sort    []int    `json:"sort"`
	Kind    []int    `json:"kind"`
	Cause   []int    `json:"cause"`  // index, or -1
	Before  []int    `json:"before"` // index, or -1
	Client  []int    `json:"client"` // index, or -1
	Owner   []int    `json:"owner"`  // index of the account, or -1
	Size    []int    `json:"size"`
	Label   []string `json:"label"`
	Payload []string `json:"payload"`
	Body    []string `json:"body"` // base64

	Nodes  []int `json:"nodes"` // indices of the path
	Deep   []int `json:"deep"`  // the same with lanes
	Lanes  bool  `json:"lanes"` // the path is so short that lanes are shown at first
	Ends   []int `json:"ends"`  // where it ends
	Parts  int   `json:"parts"` // where the runs part, or -1
	Arrows int   `json:"arrows"`
}

type pagePlace struct {
	Name string `json:"name"`
	Role string `json:"role"`
}

// Page returns one self-contained HTML page: the path first, all events at a switch,
// the nearest run that passes beside it.
func Page(p *Path) (string, error) {
	r := &p.Case.Result
	doc := pageDocument{
		Title: p.Case.Name(), Verdict: string(r.Verdict), Message: oneLine(r.Message, 400), Repro: p.Case.Repro, Cut: p.Case.Chronicle.Cut(),
	}
	doc.Runs = append(doc.Runs, newPageRun(p))
	if p.Near != nil {
		doc.Near = p.Near.Text()
		doc.Runs = append(doc.Runs, newPageRun(along(p)))
		if p.Near.First != nil {
			doc.Runs[0].Parts = indexOf(p.Case.Chronicle, p.Near.First.Num)
		}
		if p.Near.Other != nil {
			doc.Runs[1].Parts = indexOf(p.Near.Case.Chronicle, p.Near.Other.Num)
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return "", err
	}
	packed, err := pack(text)
	if err != nil {
		return "", err
	}
	return strings.NewReplacer(
		"{{title}}", html.EscapeString(doc.Title), "{{style}}", pageCSS, "{{script}}", modelJS+drawJS+viewJS, "{{document}}", packed,
	).Replace(pageHTML), nil
}

// pack compresses the document, which a browser can undo by itself.
func pack(text []byte) (string, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// along returns what the nearest run that passes shows beside a path: what it did
// for the same clients up to the time at which the path ends.
func along(p *Path) *Path {
	c := p.Near.Case
	q := &Path{Case: c, About: Subjects(c.Chronicle), Spine: map[uint64]bool{}, Calls: p.Calls}
	whom := p.whom()
	end := p.Case.Chronicle.At(p.Roots[len(p.Roots)-1]).At
	entries := c.Chronicle.Entries()
	for i := range entries {
		e := &entries[i]
		if e.At > end {
			break
		}
		other := p.Near.Other != nil && p.Near.Other.Num == e.Num
		fault := e.Sort == sim.Struck || e.Sort == sim.Healed || lives(e) && e.Where.Kind() != node.Client && e.At > 0
		if other || fault && !effect(entries[i:]) || whom.has(q.About[e.Num]) {
			q.Shown = append(q.Shown, e)
		}
	}
	return q
}

// indexOf returns the place of a number among what was kept, or -1.
func indexOf(c *sim.Chronicle, num uint64) int {
	if c.At(num) == nil {
		return -1
	}
	return int(num - c.Cut() - 1)
}

// table gives names places, in the order in which they come.
type table struct {
	names []string
	index map[string]int
}

func (t *table) at(name string) int {
	if name == "" {
		return -1
	}
	if t.index == nil {
		t.index = map[string]int{}
	}
	i, known := t.index[name]
	if !known {
		i = len(t.names)
		t.index[name] = i
		t.names = append(t.names, name)
	}
	return i
}

func newPageRun(p *Path) pageRun {
	c := p.Case.Chronicle
	r := pageRun{Name: p.Case.Name(), Verdict: string(p.Case.Result.Verdict), Parts: -1, Lanes: p.withLanes(), Arrows: p.Arrows()}
	if p.Case.Note != "" {
		r.Name += " " + p.Case.Note
	}
	for s := sim.Handled; s <= sim.Violated; s++ {
		r.Sorts = append(r.Sorts, s.String())
	}
	places := r.setPlaces(c)
	var kinds, clients, accounts table
	entries := c.Entries()
	for i := range entries {
		e := &entries[i]
		who := p.About[e.Num]
		client := ""
		if who.Client != 0 {
			client = who.Client.String()
		}
		r.Event = append(r.Event, e.Event)
		r.At = append(r.At, int64(e.At))
		r.Place = append(r.Place, placeIn(places, e))
		r.Lane = append(r.Lane, e.LaneName())
		r.Sort = append(r.Sort, int(e.Sort))
		r.Kind = append(r.Kind, kinds.at(e.Kind()))
		r.Cause = append(r.Cause, indexOf(c, e.Cause))
		r.Before = append(r.Before, indexOf(c, e.Before))
		r.Client = append(r.Client, clients.at(client))
		r.Owner = append(r.Owner, accounts.at(who.Account))
		r.Size = append(r.Size, e.Size)
		r.Label = append(r.Label, pageLabel(e, who))
		r.Payload = append(r.Payload, e.Payload())
		r.Body = append(r.Body, base64.StdEncoding.EncodeToString(e.Input.Body[:min(len(e.Input.Body), maxPageBody)]))
	}
	r.Kinds, r.Clients, r.Account = kinds.names, clients.names, accounts.names
	r.Nodes, r.Deep, r.Ends = indices(c, p.Nodes()), indices(c, p.Shown), []int{}
	for _, root := range p.Roots {
		r.Ends = append(r.Ends, indexOf(c, root))
	}
	return r
}

// pageLabel is what stands beside an entry's dot; the lower half of a call's number
// tells the calls of one client apart.
func pageLabel(e *sim.Entry, who Subject) string {
	s := Label(e)
	if who.Call != 0 {
		s += " " + utoa(who.Call&0xffffffff)
	}
	return s
}

func indices(c *sim.Chronicle, all []*sim.Entry) []int {
	list := []int{}
	for _, e := range all {
		list = append(list, indexOf(c, e.Num))
	}
	return list
}

// site is one process: a name, and which of those who go by it.
type site struct {
	id    node.ID
	place int
}

// setPlaces gives every process a column, in the order in which messages go.
func (r *pageRun) setPlaces(c *sim.Chronicle) map[site]int {
	var all []site
	seen := map[site]int{}
	entries := c.Entries()
	for i := range entries {
		at := site{entries[i].Where, entries[i].Place}
		if _, known := seen[at]; !known && at.id != 0 {
			seen[at] = 0
			all = append(all, at)
		}
	}
	slices.SortFunc(all, func(a, b site) int {
		if order := byRole(a.id, b.id); order != 0 {
			return order
		}
		return a.place - b.place
	})
	for i, at := range all {
		name := mermaidName(at.id)
		if i > 0 && all[i-1].id == at.id {
			name += "′"
		}
		seen[at] = i
		r.Places = append(r.Places, pagePlace{name, at.id.Kind().String()})
	}
	return seen
}

// placeIn returns the column of an entry, or -1 for what happens to no one process.
func placeIn(places map[site]int, e *sim.Entry) int {
	if e.Where == 0 {
		return -1
	}
	return places[site{e.Where, e.Place}]
}
