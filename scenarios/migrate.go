package scenarios

import (
	"slices"
	"time"

	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/rpc"
	"messiah/netsim"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// What the stories of migration share: ann's runner goes from one game to another
// while ann and bob play, and something happens at a step of the way.

// passage is one such story.
type passage struct {
	*sim.Story
	ann, bob *sim.Player
	gate     node.ID    // ann's, the arbiter
	source   node.ID    // where ann's runner is
	target   node.ID    // where it goes
	third    node.ID    // a further game
	home     siege.Card // where her runner lives before it goes
	asked    uint64     // key of the latest call that tell had somebody make
	table    *rpc.Table
}

// moveCluster is a small cluster on good links, in which what happens is what the story lets happen.
func moveCluster(o *sim.Options, s choice.Stream) {
	usualTimes(o)
	o.Gates, o.Games, o.Clients = 2+s.Choose("more-gates", 2), 3, 0
	o.Delivery = choice.Pick(s, "delivery", deliveries())
	o.LaneDelay = choice.Pick(s, "lane-delay", []time.Duration{20 * time.Microsecond, time.Millisecond})
	o.StoreLatency = choice.Pick(s, "store-latency", []time.Duration{2 * time.Millisecond, 100 * time.Microsecond, 30 * time.Millisecond})
	o.CallEvery, o.Outstanding = 50*time.Millisecond, 4
	o.ClientLink = netsim.LAN()
}

// setOut opens the cluster, lets ann and bob in.
func setOut(s *sim.Story) *passage {
	s.SessionsMayEnd()
	s.Open()
	p := &passage{Story: s, table: siege.RPC()}
	p.ann, p.bob = p.enter("ann"), p.enter("bob")
	p.home = p.lives(p.ann, word).Card
	p.gate, p.source = p.ann.Gate(), p.ann.Game()
	p.target, p.third = p.another(p.source), p.another(p.another(p.source))
	if p.target == p.bob.Game() { // what bob says is not stopped with what the target says
		p.target, p.third = p.third, p.target
	}
	p.Wait("before", 20*time.Millisecond)
	return p
}

// enter starts a player that counts, and walks no faster than it may where that is checked,
// and waits until it is in.
func (p *passage) enter(account string) *sim.Player { return p.walks(account, siege.Speed) }

// walks is enter for a player of a speed of its own, in metres a second.
func (p *passage) walks(account string, speed float64) *sim.Player {
	c := p.NewPlayer(account, func(c *client.Config) { c.StayKicked, c.Speed = true, speed })
	p.Players = append(p.Players, c)
	c.Start()
	p.Must(account+" is in", c.In, 10*time.Second)
	return c
}

// lives returns where a player's runner lives, and has it remember a number, unless that is 0.
func (p *passage) lives(c *sim.Player, word uint64) siege.Home {
	var home siege.Home
	known := func() bool {
		at, err := sim.Do(p.Story, c, siege.Live, word)
		home = at
		return err == nil
	}
	p.Must(c.Account()+" says where it lives", known, 10*time.Second)
	return home
}

// word is what ann's runner is told before it goes, and has in no record.
const word = 4711

// remembers wants ann's runner to be the one that went: a copy of it lived all the time.
func (p *passage) remembers() {
	if p.lives(p.ann, 0).Word != word {
		p.Violate("durable", "ann's runner has lost what it knew, and a game lives that had it")
	}
}

// keys of what the story has clients ask beside what sim.Do asks.
const storyKeys = 1 << 32

// tell has a player call its runner, without waiting for the answer.
func tell[A, R any](p *passage, c *sim.Player, m entity.Method[A, R], args A) (key uint64) {
	p.asked++
	ask := client.AskOf(p.table, storyKeys+p.asked, m, args)
	c.Ask(storyKeys+p.asked, ask.Method, ask.Args)
	return storyKeys + p.asked
}

// travel has ann's runner set out for the target.
func (p *passage) travel() { tell(p, p.ann, siege.Travel, siege.Trip{Game: p.target}) }

// write has a player's runner write letters.
func (p *passage) write(c *sim.Player, to siege.Card, via siege.Via, count uint32) {
	tell(p, c, siege.Write, siege.Bundle{To: to, Via: via, Count: count})
}

// letters has bob write to ann by both her addresses.
func (p *passage) letters() {
	p.write(p.bob, p.home, siege.ByMailbox, 3)
	p.write(p.bob, p.home, siege.ByProxy, 3)
}

// waits waits until a call by mailbox waits for ann's runner, which is frozen.
func (p *passage) waits() {
	before := p.Marks()["mail-waits-for-frozen"]
	p.letters()
	p.Must("mail waits for the frozen", func() bool { return p.Marks()["mail-waits-for-frozen"] > before }, time.Second)
}

// upTo lets ann's runner go until a step has been handled, and then something happens.
// That the step never comes is a failure of the story.
func (p *passage) upTo(talk, step string, at node.ID, action func()) {
	struck := false
	p.OnStep(talk, step, at, 0, func(node.ID) { struck = true; action() })
	p.travel()
	p.Must("the migration comes to "+step, func() bool { return struck }, 5*time.Second)
}

// who tells which process of the story handles a step: the arbiter, the source, the target or the db.
func (p *passage) who(step string) node.ID {
	switch step {
	case "expect", "take":
		return sim.DBID
	case "agreed", "hold-mark", "ready", "departed", "aborted", "undo":
		return p.source
	case "reserve", "expected", "build", "live", "live-heard", "cancel", "orphan":
		return p.target
	}
	return p.gate
}

// stopped holds what one process sends to another from the first message of a kind on.
func (p *passage) stopped(from, to node.ID, kind uint16) *netsim.Held {
	return p.Net().Hold(netsim.Match{From: from, To: to, Class: netsim.Process, Kind: kind})
}

// until waits until something stands stopped.
func (p *passage) until(what string, h *netsim.Held) {
	p.Must(what, func() bool { return h.Len() > 0 }, 5*time.Second)
}

// pause is a message at which a migration can be made to stand still.
type pause struct {
	name     string
	from, to func(*passage) node.ID
	kind     uint16
}

func (p *passage) s() node.ID { return p.source }
func (p *passage) t() node.ID { return p.target }
func (p *passage) g() node.ID { return p.gate }

// pauses are the messages of a migration in their order.
func pauses() []pause {
	s, t, g := (*passage).s, (*passage).t, (*passage).g
	return []pause{
		{"pre-req", s, g, proto.TypePreReq}, {"reserve", g, t, proto.TypePreReq},
		{"pre-ok", t, g, proto.TypePreOK}, {"agreed", g, s, proto.TypePreOK},
		{"hold", s, g, proto.TypeHold}, {"hold-mark", g, s, proto.TypeHoldMark},
		{"state", s, g, proto.TypeState}, {"build", g, t, proto.TypeState},
		{"built", t, g, proto.TypeBuilt}, {"ready", g, s, proto.TypeBuilt},
		{"commit", s, g, proto.TypeCommit}, {"live", g, t, proto.TypeLive},
		{"live-ack", t, g, proto.TypeLiveAck}, {"departed", g, s, proto.TypeLiveAck},
		{"live-heard", g, t, proto.TypeLiveHeard},
	}
}

// standsAt sends ann's runner off and has its migration stand still at a message.
func (p *passage) standsAt(at pause) *netsim.Held {
	h := p.stopped(at.from(p), at.to(p), at.kind)
	p.travel()
	p.until("the migration comes to "+at.name, h)
	return h
}

// pauseAt returns the pause of a name.
func pauseAt(name string) pause {
	all := pauses()
	return all[slices.IndexFunc(all, func(one pause) bool { return one.name == name })]
}

// pausedBetween is a story in which the migration stands still at any of its messages from
// one to another, something happens, and it goes on. The act tells whether the runner has to
// be the one that it was.
func pausedBetween(from, to, name, about string, act func(*passage, pause) (kept bool)) *sim.Scenario {
	return &sim.Scenario{
		Name: name, About: about,
		Game:    Letters(),
		Options: moveCluster,
		Play: func(s *sim.Story) {
			p := setOut(s)
			all := pauses()
			first := slices.IndexFunc(all, func(one pause) bool { return one.name == from })
			last := slices.IndexFunc(all, func(one pause) bool { return one.name == to })
			at := all[first+p.Pick("pause", last-first+1)]
			p.letters()
			held := p.standsAt(at)
			p.letters()
			kept := act(p, at)
			p.Wait("stands", time.Second)
			p.Release(held)
			p.goesOn()
			if kept {
				p.remembers()
			}
		},
	}
}

// dies ends a process, which comes back soon, or long after everybody has noticed.
func (p *passage) dies(id node.ID) {
	p.Crash(id, choice.Pick(p.Draw(), "restart", []time.Duration{5 * time.Second, 300 * time.Millisecond, 1500 * time.Millisecond}))
}

// dead waits until a life is known for dead.
func (p *passage) dead(life node.Peer) {
	for range 200 {
		if listed, _ := p.Listed(life); p.Settled() && !listed {
			return
		}
		p.Go(50 * time.Millisecond)
	}
	p.Violate("progress", "%v is never known for dead", life.ID)
}

// goesOn wants everybody to play on, and their runners to be able to go anywhere:
// nobody keeps anything of a migration that is over.
func (p *passage) goesOn() { p.goesOnWithin(20 * time.Second) }

// GoOn is that for a story that is told from outside: what it has held is let go by then.
func GoOn(s *sim.Story, players []*sim.Player, within time.Duration) {
	s.Players = players
	(&passage{Story: s, table: siege.RPC()}).goesOnWithin(within)
}

func (p *passage) goesOnWithin(within time.Duration) {
	p.HealAll()
	p.Must("everybody plays on", p.AllPlay, within)
	for _, c := range p.Players {
		if !resting(c) {
			p.moves(c)
		}
	}
}

// movesWithin is how long a runner may be refused or fail on its way to another game when all is well.
const movesWithin = 2 * time.Minute

// moves has a player's runner go to another game, however often it has to try.
func (p *passage) moves(c *sim.Player) {
	var word string
	for end := p.Now().Add(movesWithin); p.Now() < end; {
		if resting(c) {
			return
		}
		if c.In() && c.Game() != 0 {
			to := p.another(c.Game()).String()
			at, err := sim.Do(p.Story, c, siege.Travel, siege.Trip{Game: p.another(c.Game())})
			if err == nil && at == to {
				return
			}
			word = at + " " + sayError(err)
		}
		p.Go(100 * time.Millisecond)
	}
	p.Violate("progress", "%s's runner goes nowhere: %s", c.Account(), word)
}

func sayError(err error) string {
	if err == nil {
		return "it stays"
	}
	return err.Error()
}

// another returns the game behind one.
func (p *passage) another(game node.ID) node.ID {
	for i := 1; i <= p.Options().Games; i++ {
		if game == sim.GameID(i) {
			return sim.GameID(1 + i%p.Options().Games)
		}
	}
	return sim.GameID(1)
}

// stepsOf returns the steps of a conversation from one to another.
func stepsOf(talk, from, to string) []string {
	all := sim.StepNames(talk)
	return all[slices.Index(all, from) : slices.Index(all, to)+1]
}
