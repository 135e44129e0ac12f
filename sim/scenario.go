package sim

import (
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"messiah/core/client"
	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/session"
	"messiah/netsim"
	"messiah/sim/choice"
)

// Scenario is one story that a cluster is told, the same for a seed each time.
type Scenario struct {
	Name  string
	About string   // one sentence: what must not happen
	Marks []string // branches that every run must take
	Game  Game

	// Options lets the seed choose the cluster; it may be nil.
	Options func(o *Options, s choice.Stream)
	// Play tells the story. The standard end follows: faults heal, the cluster
	// comes to rest, the clients leave, and the oracles look at both states.
	Play func(s *Story)
}

// Story is a world with what scenarios need to tell what happens in it.
type Story struct {
	*World
	Players  []*Player
	draw     choice.Stream
	expected [][]string // marks of which this run must hit at least one each
}

// RunConfig says how a scenario is run.
type RunConfig struct {
	Seed    uint64
	Set     []string      // KEY=VALUE, over what the seed chose
	Source  choice.Source // nil: the seed's own
	Trace   io.Writer     // nil, or where each event is written
	StopAt  uint64        // the trace's text ends after this event; 0 for no end
	Plan    *Plan         // nil, or what is to happen in place of what the seed chooses
	Limit   time.Duration // the run ends at this virtual time, if it has not ended; 0 for no end
	States  bool          // count the states that the run goes through
	Choices bool          // keep the choices that are not the plain one

	StartAt uint64    // the trace's text begins with this event
	Payload bool      // the trace's text has every field of an input, its body as hex
	Record  *Recorder // nil, or what takes a part of the run, moment by moment

	Chronicle *Chronicle // nil, or what keeps each event with its causes

	// Tier makes the datagram tier where the options ask for KCP: the ARQ and the
	// clock that it reads. Nil: the KCP tier is not to be had.
	Tier func() (session.NewARQ, Clock)

	// Tape, if not nil, gives each life of a process its tape, or nil: a flight recorder.
	Tape func(cfg *node.Config) node.Tape
}

// Verdict says how a run ended.
type Verdict string

// The verdicts, as `messiah-sim run` prints them.
const (
	Pass           Verdict = "pass"
	Failed         Verdict = "violation"
	Nondeterminism Verdict = "nondeterminism"
	Stuck          Verdict = "stuck"
	MissedMark     Verdict = "missed-mark"
)

// Result is what a run shows.
type Result struct {
	Scenario    string
	Seed        uint64
	Verdict     Verdict
	Oracle      string // that was violated
	Message     string
	Hash        uint64
	Checkpoints []uint64
	Events      uint64 // handler calls
	Simulated   time.Duration
	Options     map[string]string
	Marks       map[string]uint64
	FaultByStep map[string]uint64
	Faults      []Fault             // in the order in which they struck
	States      map[uint64]struct{} // that the run went through, where they were to be counted
	Decisions   []choice.Decision   // where they were to be kept; the options' are not among them
}

// endOfStory unwinds a story that cannot go on; Drive.Tell recovers it.
type endOfStory struct{}

// cutStory unwinds an act whose plan leaves out what it waits for; the standard end follows.
type cutStory struct{}

// Prepare returns the options of a run. It fails where an override is not to be had.
func (sc *Scenario) Prepare(cfg RunConfig) (Options, choice.Source, error) {
	o := DefaultOptions()
	source := cfg.Source
	switch {
	case source != nil:
	case cfg.Plan != nil:
		source = cfg.Plan.source()
	default:
		source = choice.Seeded(cfg.Seed)
	}
	if sc.Options != nil {
		sc.Options(&o, source.Stream("options", 0))
	}
	set := cfg.Set
	if cfg.Plan != nil {
		set = slices.Concat(cfg.Plan.Set, set)
	}
	for _, pair := range set {
		if err := o.setPair(pair); err != nil {
			return o, nil, err
		}
	}
	if o.Transport == KCP && cfg.Tier == nil {
		return o, nil, errors.New("sim: transport=kcp needs a run that provides the ARQ's clock")
	}
	return o, source, nil
}

// Run plays the scenario once. It fails only for a bad configuration.
func (sc *Scenario) Run(cfg RunConfig) (Result, error) {
	d, err := Begin(sc, cfg)
	if err != nil {
		return Result{}, err
	}
	d.guarded = true
	d.Tell(func() { sc.Play(d.Story) })
	return d.Finish(), nil
}

func (s *Story) result(sc *Scenario, seed uint64) Result {
	w := s.World
	r := Result{
		Scenario: sc.Name, Seed: seed, Verdict: Pass, Hash: w.Hash(), Checkpoints: w.trace.checkpoints, Events: w.handled,
		Simulated: time.Duration(w.now), Options: w.opts.Text(), Marks: w.marks, FaultByStep: w.faults.byStep, Faults: w.faults.struck,
		States: w.states.seen,
	}
	if v := w.verdict; v != nil {
		r.Verdict, r.Oracle, r.Message = Failed, v.Oracle, v.Error()
		switch v.Oracle {
		case "progress":
			r.Verdict = Stuck
		case "replay":
			r.Verdict = Nondeterminism
		}
		return r
	}
	if w.over || w.cut {
		return r // its marks may come later, or not at all
	}
	expected := s.expected
	for _, mark := range sc.Marks {
		expected = append(expected, []string{mark})
	}
	for _, any := range expected {
		if !slices.ContainsFunc(any, func(mark string) bool { return w.marks[mark] > 0 }) {
			r.Verdict, r.Message = MissedMark, "the run never came by "+strings.Join(any, " or ")
			return r
		}
	}
	return r
}

// Draw returns the story's own stream of decisions.
func (s *Story) Draw() choice.Stream { return s.draw }

// Pick draws one of n.
func (s *Story) Pick(label string, n int) int { return s.draw.Choose(label, n) }

// Wait draws a duration up to most, and lets it pass.
func (s *Story) Wait(label string, most time.Duration) {
	s.Go(time.Duration(s.draw.Choose(label, int(most/time.Microsecond)+1)) * time.Microsecond)
}

// Go lets the world run for a while.
func (s *Story) Go(d time.Duration) {
	if !s.Run(d) {
		panic(endOfStory{})
	}
}

// Must lets the world run until a condition holds; that it does not within the
// time is a violation of progress.
func (s *Story) Must(what string, cond func() bool, within time.Duration) {
	if s.Until(cond, within) {
		return
	}
	if s.cut && !s.ended() {
		// The story may wait for what its plan leaves out: it ends here, and its end is that of every story.
		panic(cutStory{})
	}
	s.stuck(what, within)
}

// stuck ends the story where something did not come about.
func (s *Story) stuck(what string, within time.Duration) {
	if !s.ended() {
		s.Violate("progress", "not within %v: %s", within, what)
	}
	panic(endOfStory{})
}

// StartCluster starts every process of the cluster in an order that the seed
// draws, within a spread of time.
func (s *Story) StartCluster(spread time.Duration) {
	for _, p := range s.servers() {
		at := time.Duration(0)
		if spread > 0 {
			at = time.Duration(s.draw.Choose("start", int(spread/time.Microsecond)+1)) * time.Microsecond
		}
		s.After(at, p.start)
	}
}

// Open starts the cluster at once and waits until logins are admitted.
func (s *Story) Open() {
	s.StartCluster(0)
	within := 10 * time.Second
	if s.opts.StoreLose > 0 {
		within = openWithLoss // a stub whose record is asked for in vain is waited for
	}
	s.Must("the cluster admits logins", s.Admits, within)
}

// openWithLoss is how long a cluster may take to open whose store loses answers: several times as long as one is waited for.
const openWithLoss = 90 * time.Second

// Admits tells whether every gate that runs lets logins in.
func (s *Story) Admits() bool {
	n := 0
	for _, p := range s.servers() {
		if g, ok := gateOf(p); ok && s.byID[p.id] == p {
			n++
			if !g.Inspect().Admits {
				return false
			}
		}
	}
	return n == s.opts.Gates
}

// Join starts as many players as the options say and waits until all are in.
func (s *Story) Join() { s.JoinWithin(0, 30*time.Second) }

// JoinWithin starts the players evenly over a time and waits until all are in.
func (s *Story) JoinWithin(spread, within time.Duration) {
	for i := 1; i <= s.opts.Clients; i++ {
		c := s.NewPlayer(Account(i), nil)
		s.Players = append(s.Players, c)
		if spread == 0 {
			c.Start()
			continue
		}
		s.After(spread*time.Duration(i)/time.Duration(s.opts.Clients), c.Start)
	}
	if spread > 0 {
		s.Go(spread)
	}
	s.Must("all players are in", s.AllIn, within)
}

// AllIn tells whether every player that runs and was not kicked for good has its avatar.
func (s *Story) AllIn() bool {
	return !slices.ContainsFunc(s.clients(), func(p *process) bool {
		if p.host == nil {
			return false
		}
		st := p.host.Node().(*client.Client).Inspect()
		return st.State != client.In && st.State != client.Resting
	})
}

// Times of the standard end. Each is longer than all the time-outs that it has to see through.
const (
	restWithin  = 90 * time.Second
	emptyWithin = 90 * time.Second
	settleFor   = 200 * time.Millisecond // nothing is under way for so long
)

// settle is how long a silent loss of a peer may go unnoticed: a stream says so at
// once, of datagrams only the heartbeat's absence tells.
func (s *Story) settle() time.Duration {
	if s.opts.Transport == KCP {
		return session.DefaultDeadAfter + session.DefaultHeartbeat + settleFor
	}
	return settleFor
}

// rest is the standard end of every story: heal, come to rest, leave, be empty.
func (s *Story) rest() {
	s.watchers = nil // what has not struck by now would strike at rest
	s.HealAll()
	s.quieten()
	s.comeToRest()
	// Who has lost its peer without knowing it yet finds out in this time.
	s.Go(s.settle())
	s.comeToRest()
	if !s.Until(s.Admits, restWithin) {
		s.stuck("the cluster admits logins again", restWithin)
	}
	s.look(Oracle.Calm)
	for _, p := range s.clients() {
		if p.host != nil {
			p.arrive(&node.Input{Kind: node.InStop})
		}
	}
	s.becomeEmpty()
	s.Go(settleFor)
	s.look(Oracle.Empty)
}

// comeToRest waits until every client is in and waits for nothing. Where all
// are in and one waits for ever, the oracles say what was lost; only a client
// that does not come in is a matter of progress.
func (s *Story) comeToRest() {
	if s.Until(s.calm, restWithin) {
		return
	}
	if !s.ended() && s.AllIn() {
		s.look(Oracle.Calm)
	}
	s.stuck("all players are in again and every call has its outcome", restWithin)
}

// becomeEmpty waits until nothing is left of the clients. Where they have all
// gone and something is kept for ever, the oracles say what.
func (s *Story) becomeEmpty() {
	if s.Until(s.empty, emptyWithin+s.opts.Grace) {
		return
	}
	if !s.ended() && !s.anyClient() {
		s.look(Oracle.Empty)
	}
	s.stuck("nothing is left of the clients", emptyWithin+s.opts.Grace)
}

// anyClient tells whether a client still runs.
func (s *Story) anyClient() bool {
	return slices.ContainsFunc(s.clients(), func(p *process) bool { return p.host != nil })
}

// quieten lets the clients make no more calls. One of two rivals for an account
// has to go, or they would kick each other for ever.
func (s *Story) quieten() {
	s.quiet = true
	seen := map[string]bool{}
	for _, p := range slices.Backward(s.clients()) {
		if p.host == nil {
			continue
		}
		c := Player{w: s.World, p: p}
		c.Work(proto.Workload{})
		account := c.Status().Account
		if seen[account] {
			p.arrive(&node.Input{Kind: node.InStop})
		}
		seen[account] = true
	}
}

// calm tells whether every client is in, or gone, and waits for nothing.
func (s *Story) calm() bool {
	if !s.AllIn() {
		return false
	}
	for _, p := range s.clients() {
		if p.host != nil && p.host.Node().(*client.Client).Inspect().Open > 0 {
			return false
		}
	}
	for _, p := range s.servers() {
		if g, ok := gateOf(p); ok {
			for v := range g.Clients() {
				if v.State != "in" {
					return false // an avatar is on its way in or out
				}
			}
		}
		if g, ok := gameOf(p); ok && g.World().Inspect().Pending > 0 {
			return false
		}
	}
	return s.known() && s.homeless() == nil // one that was kicked hears of it as late as its network likes
}

// known tells whether the manager knows exactly the lives that run.
func (s *Story) known() bool {
	p := s.byID[ManagerID]
	if p.host == nil {
		return false
	}
	listed := map[node.ID]node.Incarnation{}
	for _, one := range p.host.Node().(*manager.Manager).Inspect().Processes {
		listed[one.Peer.ID] = one.Peer.Inc
	}
	for _, p := range s.servers() {
		if p.id == ManagerID || p.gone || s.byID[p.id] != p {
			continue
		}
		if p.host == nil || listed[p.id] != p.host.Self().Inc {
			return false
		}
	}
	return true
}

// empty tells whether no process keeps anything of a client.
func (s *Story) empty() bool {
	for _, p := range s.procs[1:] {
		if p.id.Kind() == node.Client && p.host != nil || p.id.Kind() != node.Client && !p.empty() {
			return false
		}
	}
	return true
}

// look lets every oracle judge a state of rest.
func (s *Story) look(at func(Oracle)) {
	for _, o := range s.oracles {
		at(o)
		if s.verdict != nil {
			panic(endOfStory{})
		}
	}
}

// Strike hurts the cluster right behind a step of a conversation, the client
// being whose login it is, or nil. Steps of a login that clients or gates take
// are those of this client where it is the only one that logs in.
func (s *Story) Strike(talk, step string, kind FaultKind, c *Player) {
	only := node.ID(0)
	if c != nil && stepAt(talk, step) == node.Client {
		only = c.ID()
	}
	s.OnStep(talk, step, only, 0, func(node.ID) {
		if s.Inject(kind, c, s.draw) {
			s.hitStep(talk, step, kind)
		}
	})
}

// Expect says that this run must come by at least one of the marks.
func (s *Story) Expect(marks ...string) { s.expected = append(s.expected, marks) }

// SessionsMayEnd says that the story itself ends sessions for good, so that
// calls of unknown outcome are to be expected without a crash.
func (s *Story) SessionsMayEnd() { s.sessionsMayEnd = true }

// Occupy keeps the loop of a process busy for a while: what comes waits in its queue.
func (s *Story) Occupy(id node.ID, d time.Duration) {
	s.strike(Fault{Kind: Starve, Target: id, For: d})
}

// StartLate crashes a process that may have started, and starts it after a while.
func (s *Story) StartLate(id node.ID, after time.Duration) {
	p := s.byID[id]
	p.crash(netsim.Gone)
	s.After(after, p.start)
}

// AnyServer draws a process of the cluster.
func (s *Story) AnyServer() node.ID { return s.anyServer(s.draw) }

// BreakLinks breaks every process connection of a process.
func (s *Story) BreakLinks(id node.ID) { s.strike(Fault{Kind: BreakLinks, Target: id}) }
