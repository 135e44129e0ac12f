package world

import (
	"fmt"
	"strings"
	"time"

	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/sim"

	"pgregory.net/rapid"
)

// What is drawn from. The first of each is the plain one, to which rapid shrinks.
var (
	accounts = []string{"ann", "bob", "cid"}
	bursts   = []uint64{1, 3, 16}
	moments  = []time.Duration{time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond}
	whiles   = []time.Duration{500 * time.Millisecond, 2 * time.Second, 6 * time.Second}
	spells   = []time.Duration{300 * time.Millisecond, 30 * time.Millisecond, time.Second, 1500 * time.Millisecond, 4 * time.Second, 6 * time.Second}
)

const (
	maxGates  = 2
	maxGames  = 2
	maxRivals = 6 // second logins of one run, each a client more
)

// model is a cluster in the hands of rapid: each action is drawn as a few
// labelled values, all noise (latencies, keys, picks) comes from one drawn seed.
type model struct {
	*sim.Drive
	processes []string
	players   map[string]*sim.Player // by account: the client that logged in last
	calls     map[string]uint64      // that it was told to make
	rivals    int
	steps     []string // what was done, for people
}

// world is a model with its actions and its end.
type world interface {
	actions() map[string]func(*rapid.T)
	finish(*rapid.T)
	told() *model
}

func (m *model) told() *model { return m }

// begin draws the cluster and starts it.
func begin(t *rapid.T) *model {
	seed := rapid.Uint64Range(0, 1<<16).Draw(t, "seed")
	gates := rapid.IntRange(1, maxGates).Draw(t, "gates")
	games := rapid.IntRange(1, maxGames).Draw(t, "games")
	return open(t, seed, gates, games, town)
}

// open starts a cluster of a game.
func open(t *rapid.T, seed uint64, gates, games int, of func(change func(*sim.Options)) *sim.Scenario) *model {
	d, err := sim.Begin(of(func(o *sim.Options) {
		o.Gates, o.Games = gates, games
		o.CallEvery = time.Hour // nobody calls but when told to
	}), sim.RunConfig{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	m := &model{Drive: d, players: map[string]*sim.Player{}, calls: map[string]uint64{}}
	m.note("a cluster of %d gates and %d games, seed %d", gates, games, seed)
	for i := range gates {
		m.processes = append(m.processes, sim.GateID(i+1).String())
	}
	for i := range games {
		m.processes = append(m.processes, sim.GameID(i+1).String())
	}
	m.processes = append(m.processes, sim.ManagerID.String(), sim.DBID.String())
	m.Tell(func() {
		m.SessionsMayEnd() // by second logins, kicks and long cuts
		m.Open()
	})
	return m
}

func (m *model) note(format string, args ...any) {
	m.steps = append(m.steps, fmt.Sprintf(format, args...))
}

// story is what was done so far, a line each.
func (m *model) story() string { return "  " + strings.Join(m.steps, "\n  ") }

// check is the invariant of every moment: no oracle has anything to say.
func (m *model) check(t *rapid.T) {
	if v := m.Verdict(); v != nil {
		t.Fatalf("%v\n%s", v, m.story())
	}
}

// finish is the invariant of the end, at which the oracles look at the states of rest.
func (m *model) finish(t *rapid.T) {
	if r := m.Finish(); r.Verdict != sim.Pass {
		t.Fatalf("%s\n%s\n  and the end: all heals, comes to rest, leaves", r.Message, m.story())
	}
}

// actions are what may happen, by name.
func (m *model) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"":             m.check,
		"advance":      m.advance,
		"call":         m.call,
		"crash":        m.crash,
		"cut":          m.cut,
		"drop":         m.drop,
		"heal":         m.heal,
		"kick":         m.kick,
		"login":        m.login,
		"logout":       m.logout,
		"partition":    m.partition,
		"pause":        m.pause,
		"second-login": m.secondLogin,
		"wait":         m.wait,
	}
}

func (m *model) advance(t *rapid.T) { m.pass(rapid.SampledFrom(moments).Draw(t, "moment")) }

func (m *model) wait(t *rapid.T) { m.pass(rapid.SampledFrom(whiles).Draw(t, "while")) }

func (m *model) pass(d time.Duration) {
	m.note("%v pass", d)
	m.Tell(func() { m.Go(d) })
}

func (m *model) login(t *rapid.T) {
	account := rapid.SampledFrom(accounts).Draw(t, "who")
	if p := m.players[account]; p != nil && p.Runs() {
		t.Skip("already there")
	}
	m.note("%s logs in", account)
	m.enter(account)
}

func (m *model) secondLogin(t *rapid.T) {
	account, _ := m.present(t)
	if m.rivals == maxRivals {
		t.Skip("enough of them")
	}
	m.rivals++
	m.note("%s logs in a second time", account)
	m.enter(account)
}

// enter starts a client that gives way to a later login of its account.
func (m *model) enter(account string) {
	m.Tell(func() {
		p := m.NewPlayer(account, func(c *client.Config) { c.StayKicked = true })
		m.players[account], m.calls[account] = p, 0
		p.Start()
	})
}

// present draws an account whose client runs.
func (m *model) present(t *rapid.T) (string, *sim.Player) {
	account := rapid.SampledFrom(accounts).Draw(t, "who")
	p := m.players[account]
	if p == nil || !p.Runs() {
		t.Skip("not there")
	}
	return account, p
}

func (m *model) logout(t *rapid.T) {
	account, p := m.present(t)
	m.note("%s logs out", account)
	m.Tell(p.Leave)
}

func (m *model) call(t *rapid.T) {
	account, p := m.present(t)
	times := rapid.SampledFrom(bursts).Draw(t, "times")
	m.note("%s calls, times %d", account, times)
	m.calls[account] += times
	m.Tell(func() { p.Work(proto.Workload{Calls: m.calls[account], Outstanding: 8}) })
}

func (m *model) drop(t *rapid.T) {
	account, p := m.present(t)
	m.note("%s's connection breaks", account)
	m.Tell(p.Drop)
}

func (m *model) cut(t *rapid.T) {
	account, p := m.present(t)
	d := rapid.SampledFrom(spells).Draw(t, "how long")
	m.note("nothing passes between %s and the gates for %v", account, d)
	m.Tell(func() { p.Cut(d) })
}

func (m *model) kick(t *rapid.T) {
	account := rapid.SampledFrom(accounts).Draw(t, "who")
	m.note("an operator kicks %s", account)
	m.Tell(func() { m.Kick(account) })
}

// process draws a process of the cluster.
func (m *model) process(t *rapid.T, label string) (string, node.ID) {
	name := rapid.SampledFrom(m.processes).Draw(t, label)
	id, err := node.ParseID(name)
	if err != nil {
		t.Fatal(err)
	}
	return name, id
}

func (m *model) crash(t *rapid.T) {
	name, id := m.process(t, "which")
	d := rapid.SampledFrom(spells).Draw(t, "how long")
	m.note("%s crashes and is back after %v", name, d)
	m.Tell(func() { m.Crash(id, d) })
}

func (m *model) pause(t *rapid.T) {
	name, id := m.process(t, "which")
	d := rapid.SampledFrom(spells).Draw(t, "how long")
	m.note("%s stops for %v", name, d)
	m.Tell(func() { m.PauseProcess(id, d) })
}

func (m *model) partition(t *rapid.T) {
	from, a := m.process(t, "from")
	to, b := m.process(t, "to")
	if a == b {
		t.Skip("with itself")
	}
	oneWay := rapid.Bool().Draw(t, "one way")
	d := rapid.SampledFrom(spells).Draw(t, "how long")
	m.note("nothing passes from %s to %s (one way: %v) for %v", from, to, oneWay, d)
	m.Tell(func() { m.PartitionFor(a, b, oneWay, d) })
}

func (m *model) heal(*rapid.T) {
	m.note("all heals")
	m.Tell(m.HealAll)
}
