package sim

import (
	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/session"
	"messiah/sim/choice"
	"messiah/sim/panicked"
)

// Drive is a story that is told from outside, act by act, by who decides each
// act only when it has seen the last: Begin, any number of Tell, Finish.
type Drive struct {
	*Story
	scenario *Scenario
	seed     uint64
	kept     *choice.Recorder // nil: choices are not kept
	guarded  bool             // a panic is a violation, not the caller's
}

// Begin makes the world of a scenario, in which nothing runs yet. What the
// scenario would play is left to the caller. It fails for a bad configuration.
func Begin(sc *Scenario, cfg RunConfig) (*Drive, error) {
	o, source, err := sc.Prepare(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.Plan != nil {
		cfg.Seed = cfg.Plan.Seed
	}
	d := &Drive{scenario: sc, seed: cfg.Seed}
	if cfg.Choices {
		d.kept = choice.NewRecorder(source)
		source = d.kept
	}
	wc := Config{
		Seed: cfg.Seed, Options: o, Game: sc.Game, Source: source, Trace: cfg.Trace, Plan: cfg.Plan,
		Chronicle: cfg.Chronicle, Tape: cfg.Tape,
	}
	if o.Transport == KCP {
		wc.NewARQ, wc.Clock = cfg.Tier()
	}
	w := NewWorld(wc)
	if cfg.States {
		w.states.seen = map[uint64]struct{}{}
	}
	w.limit = node.Time(cfg.Limit)
	w.trace.show(&cfg)
	w.build()
	w.scheduleFaults()
	d.Story = &Story{World: w, draw: source.Stream("story", 0)}
	return d, nil
}

// Tell runs one act, or as much of it as the run's plan allows. False says that
// the story is over: it was before this act, which then did not run, or this act
// violated an oracle, and then did not end.
func (d *Drive) Tell(act func()) bool {
	if d.ended() {
		return false
	}
	defer func() {
		switch r := recover().(type) {
		case nil, endOfStory, cutStory:
		default:
			if !d.guarded {
				panic(r)
			}
			d.inHand()
			d.Violate("panic", "%v, in %s", r, panicked.Place())
		}
	}()
	act()
	return !d.ended()
}

// inHand writes down the input whose handler did not end, which is else written behind it.
func (w *World) inHand() {
	for _, p := range w.procs[1:] {
		if p.host == nil {
			continue
		}
		if in := p.host.InHand(); in != nil {
			w.handled++
			w.trace.input(w.now, where{p.id, -1}, in)
			w.chronicle.handled(w, p, -1, in)
		}
	}
}

// Finish plays the end that all stories share, unless the story is over, and
// returns how it all went.
func (d *Drive) Finish() Result {
	d.Tell(d.rest)
	d.chronicle.end(d.verdict)
	res := d.result(d.scenario, d.seed)
	if d.kept != nil {
		res.Decisions = d.kept.Decisions()
	}
	return res
}

// Tap shows f every input that reaches a process from outside its loop: what
// connections, packets and lanes bring. f keeps nothing and changes nothing.
func (w *World) Tap(f func(to node.ID, in *node.Input)) { w.tap = f }

// Overhear shows f every input that a node has handled. f keeps nothing and changes nothing.
func (w *World) Overhear(f func(at node.Peer, in *node.Input)) { w.overheard = f }

// Say sends a client message through the player's session, whatever is in it;
// without a session it goes nowhere.
func (c *Player) Say(message []byte) {
	if c.p.host == nil {
		return
	}
	c.p.lanes[client.LaneSession].push(&node.Input{
		Kind: node.InTask, Type: session.TaskSend, Flags: node.FlagReliable, Body: message,
	})
}
