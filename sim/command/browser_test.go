package command

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// chromium finds the browser; a machine without one fails the test.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no Chromium: `make deps` installs it, or: apt-get update && apt-get install -y chromium")
	return ""
}

// complaints collects what a page must not have: errors, and requests that leave it.
type complaints struct {
	sync.Mutex
	all []string
}

func (c *complaints) listen(ctx context.Context) {
	chromedp.ListenTarget(ctx, func(ev any) {
		c.Lock()
		defer c.Unlock()
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			c.all = append(c.all, "exception: "+ev.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if ev.Type == runtime.APITypeError || ev.Type == runtime.APITypeWarning {
				c.all = append(c.all, fmt.Sprintf("console %s: %s", ev.Type, ev.Args[0].Value))
			}
		case *network.EventRequestWillBeSent:
			if u := ev.Request.URL; !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") && !strings.HasPrefix(u, "blob:") {
				c.all = append(c.all, "request: "+u)
			}
		}
	})
}

// page is an explanation in a browser.
type page struct {
	t   *testing.T
	ctx context.Context
	run pageRun
}

// pageRun is the part of the page's document that the test counts for itself.
type pageRun struct {
	Places                    []struct{ Name string }
	Kinds, Clients, Label     []string
	Lane                      []string
	Sort, Kind, Client, Place []int
	Nodes, Deep, Ends         []int
	Cause                     []int
	At                        []int64
	Arrows, Parts             int
	Lanes                     bool
	Payload                   []string
}

func open(t *testing.T, file string) *page {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.WindowSize(1500, 950))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	within, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	t.Cleanup(cancel)
	allocated, release := chromedp.NewExecAllocator(within, options...)
	t.Cleanup(release)
	ctx, end := chromedp.NewContext(allocated)
	t.Cleanup(end)
	p := &page{t: t, ctx: ctx}
	var wrong complaints
	wrong.listen(ctx)
	t.Cleanup(func() {
		wrong.Lock()
		defer wrong.Unlock()
		if len(wrong.all) > 0 {
			t.Errorf("the page complains: %s", strings.Join(wrong.all, "\n"))
		}
	})
	p.do(network.Enable(), chromedp.Navigate("file://"+file), chromedp.WaitReady(`html[data-ready]`, chromedp.ByQuery))
	var text string
	p.do(chromedp.Evaluate(`JSON.stringify(explained.doc().runs[0])`, &text))
	if err := json.Unmarshal([]byte(text), &p.run); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *page) do(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// number evaluates an expression.
func (p *page) number(js string) (n float64) {
	p.t.Helper()
	p.do(chromedp.Evaluate(js, &n))
	return n
}

func (p *page) text(js string) (s string) {
	p.t.Helper()
	p.do(chromedp.Evaluate(js, &s))
	return s
}

// choose sets one of the page's filters as a person does.
func (p *page) choose(id, value string) {
	p.t.Helper()
	p.do(chromedp.Evaluate(fmt.Sprintf(`{ const s = document.getElementById(%q); s.value = %q; s.dispatchEvent(new Event("change")); }`, id, value), nil))
}

// seen returns how many events and arrows the page says that it shows.
func (p *page) seen() (events, arrows int) {
	return int(p.number(`+document.getElementById("status").dataset.events`)), int(p.number(`+document.getElementById("status").dataset.arrows`))
}

// want counts the events that should be seen with a filter.
func (p *page) want(of []int, passes func(i int) bool) int {
	n := 0
	for _, i := range of {
		if s := p.run.Sort[i]; s == 5 || s == 6 || s == 7 || passes(i) { // faults, their ends and the failure stay
			n++
		}
	}
	return n
}

// point returns where an event stands on the screen.
func (p *page) point(i int) (x, y float64) {
	at := fmt.Sprintf(`explained.point(%d)`, i)
	return p.number(at + ".x"), p.number(at + ".y")
}

func TestPageInABrowser(t *testing.T) {
	file := filepath.Join(t.TempDir(), "race.html")
	explained(t, append(race, "--format", "html", "--out", file)...)
	p := open(t, file)
	t.Run("lanes and arrows", p.lanesAndArrows)
	t.Run("failure", p.failure)
	t.Run("filters", p.filters)
	t.Run("zoom", p.zoom)
	t.Run("payload", p.payload)
	t.Run("all events", p.allEvents)
}

func (p *page) lanesAndArrows(t *testing.T) {
	if got := p.text(`explained.columns()[0].join(" ")`); got != "client1 gate1" {
		t.Errorf("the columns are %q", got)
	}
	text := explained(t, race...)
	m := regexp.MustCompile(`path: (\d+) of \d+ events, (\d+) messages`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("the text does not count: %s", text)
	}
	events, arrows := p.seen()
	if strconv.Itoa(events) != m[1] || strconv.Itoa(arrows) != m[2] {
		t.Errorf("the page shows %d events and %d messages, the text has %s and %s", events, arrows, m[1], m[2])
	}
	// Arrows are counted once more, from the causes.
	counted := 0
	shown := map[int]bool{}
	for _, i := range p.run.Deep {
		shown[i] = true
	}
	for _, i := range p.run.Deep {
		if c := p.run.Cause[i]; p.run.Sort[i] <= 2 && c >= 0 && shown[c] && p.run.Place[c] >= 0 && p.run.Place[i] >= 0 && p.run.Place[c] != p.run.Place[i] {
			counted++
		}
	}
	if counted != arrows || arrows == 0 {
		t.Errorf("%d messages are shown, and the causes have %d", arrows, counted)
	}
	p.do(chromedp.Click(`#beside`, chromedp.ByQuery), chromedp.Click(`#fit`, chromedp.ByQuery))
	if drawn := int(p.number(`explained.drawn.arrows`)); drawn != arrows {
		t.Errorf("%d arrows were drawn of %d", drawn, arrows)
	}
	p.do(chromedp.Click(`#beside`, chromedp.ByQuery))
	if got := p.text(`explained.columns().length + " " + explained.drawn.parts`); got != "2 true" {
		t.Errorf("runs beside each other, and the mark where they part: %q", got)
	}
}

func (p *page) failure(t *testing.T) {
	p.do(chromedp.Click(`#failure`, chromedp.ByQuery), chromedp.Click(`#close`, chromedp.ByQuery))
	const mark = `explained.drawn.marks.find(m => m.sort === 7)`
	if p.number(`(`+mark+` ? 1 : 0)`) != 1 {
		t.Fatal("the failure is not in sight")
	}
	// The mark's own pixel has the colour of failures, but for what the line's edge mixes in.
	got := p.number(`(() => { const m = ` + mark + `, c = document.getElementById("canvas"), s = c.width / c.clientWidth;
		return [...c.getContext("2d").getImageData(m.x * s, m.y * s, 1, 1).data].slice(0, 3).reduce((far, v, k) => Math.max(far, Math.abs(v - [209, 17, 73][k])), 0); })()`)
	if got > 16 {
		t.Errorf("the failure's line is %.0f steps off its colour", got)
	}
	if got := p.text(`document.getElementById("message").textContent`); !strings.Contains(got, "connection-truth: gate1 heard that session") {
		t.Errorf("the message is %q", got)
	}
}

func (p *page) filters(t *testing.T) {
	p.choose("about", "client1")
	if events, _ := p.seen(); events != p.want(p.run.Deep, func(i int) bool { c := p.run.Client[i]; return c >= 0 && p.run.Clients[c] == "client1" }) {
		t.Errorf("%d events are about client1", events)
	}
	p.choose("about", "")
	p.choose("kind", "packet sealed")
	events, _ := p.seen()
	if want := p.want(p.run.Deep, func(i int) bool { return p.run.Kinds[p.run.Kind[i]] == "packet sealed" }); events != want || want < 4 {
		t.Errorf("%d events are sealed packets or marks, want %d", events, want)
	}
	p.choose("kind", "")
	p.choose("place", "gate1")
	if events, _ := p.seen(); events != p.want(p.run.Deep, func(i int) bool { at := p.run.Place[i]; return at >= 0 && p.run.Places[at].Name == "gate1" }) {
		t.Errorf("%d events are on gate1", events)
	}
	p.choose("place", "")
	if events, _ := p.seen(); events != len(p.run.Deep) {
		t.Errorf("%d events without a filter, want %d", events, len(p.run.Deep))
	}
}

func (p *page) zoom(t *testing.T) {
	p.do(chromedp.Click(`#fit`, chromedp.ByQuery), chromedp.Focus(`#canvas`, chromedp.ByQuery))
	before := p.number(`explained.state.zoom`)
	p.do(chromedp.KeyEvent("+"), chromedp.KeyEvent("+"))
	if keys := p.number(`explained.state.zoom`); keys < 1.5*before {
		t.Errorf("+ twice: zoom %.2f became %.2f", before, keys)
	}
	keys := p.number(`explained.state.zoom`)
	p.do(input.DispatchMouseEvent(input.MouseWheel, 700, 500).WithDeltaX(0).WithDeltaY(-200).WithModifiers(input.ModifierCtrl))
	// The browser hands wheels over in its own time.
	p.do(chromedp.Poll(fmt.Sprintf(`explained.state.zoom > %v`, keys), nil))
	at := p.number(`explained.state.y`)
	p.do(chromedp.KeyEvent(kb.Home))
	if home := p.number(`explained.state.y`); home > at {
		t.Errorf("Home: from %.0f to %.0f", at, home)
	}
	p.do(chromedp.Click(`#fit`, chromedp.ByQuery))
}

func (p *page) payload(t *testing.T) {
	login := -1
	for _, i := range p.run.Deep {
		if strings.HasPrefix(p.run.Label[i], "send login") {
			login = i
		}
	}
	if login < 0 {
		t.Fatal("the path has no login")
	}
	x, y := p.point(login)
	p.do(chromedp.MouseClickXY(x, y), chromedp.WaitVisible(`#details`, chromedp.ByQuery))
	if got := p.text(`document.getElementById("what").textContent`); got != p.run.Label[login] {
		t.Errorf("clicked on %q and see %q", p.run.Label[login], got)
	}
	payload := p.text(`document.getElementById("payload").textContent`)
	for _, want := range []string{"Login\n", `Account   "hasty"`, "Credentials"} {
		if !strings.Contains(payload, want) {
			t.Errorf("the payload does not say %q:\n%s", want, payload)
		}
	}
	if hex := p.text(`document.getElementById("hex").textContent`); !strings.Contains(hex, "73 74 79") {
		t.Errorf("the bytes are\n%s", hex)
	}
	if n := p.number(`explained.state.chain.size`); n < 3 {
		t.Errorf("%.0f events are in the chain of the login", n)
	}
	p.do(chromedp.Click(`#close`, chromedp.ByQuery), chromedp.WaitNotVisible(`#details`, chromedp.ByQuery))
}

func (p *page) allEvents(t *testing.T) {
	p.do(chromedp.Click(`#all`, chromedp.ByQuery))
	if events, _ := p.seen(); events != len(p.run.At) {
		t.Errorf("%d of all %d events with lanes", events, len(p.run.At))
	}
	p.do(chromedp.Click(`#lanes`, chromedp.ByQuery))
	nodes := 0
	for _, lane := range p.run.Lane {
		if lane == "" {
			nodes++
		}
	}
	if events, _ := p.seen(); events != nodes {
		t.Errorf("%d events of %d without lanes", events, nodes)
	}
	p.do(chromedp.Click(`#slice`, chromedp.ByQuery), chromedp.Click(`#theme`, chromedp.ByQuery))
	if got := p.text(`document.documentElement.dataset.theme`); got != "dark" {
		t.Errorf("the theme is %q", got)
	}
}
