package model

import (
	"slices"
	"strings"

	"messiah/core/addr"
	"messiah/core/game"
	"messiah/core/gate"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/sim"
)

// Seen is a step that a run has shown.
type Seen struct {
	Step
	At     node.Peer
	Entity addr.EntityID
	When   node.Time
}

// observer makes steps of the inputs that gates and games have handled.
type observer struct {
	w     *sim.World
	seen  func(Seen)
	lives map[node.ID]*view
}

// view is what one life of a process knew of migrations when it was looked at last.
type view struct {
	at    node.Peer
	gates map[addr.EntityID]gate.Move
	games map[addr.EntityID]stand
}

// stand is how one entity stands at one game.
type stand struct{ leaves, comes *game.Move }

// Observe has seen hear of each step that a gate or a game takes in a world's migrations.
func Observe(w *sim.World, seen func(Seen)) {
	o := &observer{w: w, seen: seen, lives: map[node.ID]*view{}}
	w.Overhear(o.handled)
}

func (o *observer) handled(at node.Peer, in *node.Input) {
	kind := at.ID.Kind()
	if kind != node.Gate && kind != node.Game {
		return
	}
	was := o.lives[at.ID]
	if was == nil || was.at != at {
		was = &view{at: at}
	}
	now := &view{at: at, gates: map[addr.EntityID]gate.Move{}, games: map[addr.EntityID]stand{}}
	gates, games := o.w.MovesAt(at.ID)
	for _, m := range gates {
		now.gates[m.Entity] = m
	}
	for i := range games {
		m := &games[i]
		one := now.games[m.Entity]
		if m.Comes {
			one.comes = m
		} else {
			one.leaves = m
		}
		now.games[m.Entity] = one
	}
	o.lives[at.ID] = now
	for _, e := range entities(was, now, in) {
		if kind == node.Gate {
			o.gate(at, e, was.gates, now.gates, in)
		} else {
			o.game(at, e, was.games[e], now.games[e], in)
		}
	}
}

// entities lists those that an input may be about.
func entities(was, now *view, in *node.Input) (all []addr.EntityID) {
	add := func(e addr.EntityID) {
		if !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	if of, ok := moveOf(in); ok {
		add(of.Entity)
		return all
	}
	for _, v := range []*view{was, now} {
		for e := range v.gates {
			add(e)
		}
		for e := range v.games {
			add(e)
		}
	}
	return all
}

// words are the messages between games and their arbiter.
var words = map[uint16]string{
	proto.TypePreReq: "pre-req", proto.TypePreOK: "pre-ok", proto.TypePreNo: "pre-no", proto.TypeHold: "hold",
	proto.TypeHoldMark: "hold-mark", proto.TypeState: "state", proto.TypeBuilt: "built", proto.TypeNotBuilt: "not-built",
	proto.TypeFlush: "flush", proto.TypeFlushed: "flushed", proto.TypeHeldMail: "held-mail", proto.TypeCommit: "commit",
	proto.TypeLive: "live", proto.TypeLiveAck: "live-ack", proto.TypeLiveHeard: "live-heard", proto.TypeAbort: "abort",
	proto.TypeAborted: "aborted", proto.TypeCancel: "cancel", proto.TypeThawed: "thawed", proto.TypeUndo: "undo",
	proto.TypeOrphan: "orphan", proto.TypeAdopted: "adopted", proto.TypeWhatOf: "what-of",
}

// moveOf returns which migration a message is about; false of what is no such message.
func moveOf(in *node.Input) (proto.Migration, bool) {
	if in.Kind != node.InMessage || words[in.Type] == "" {
		return proto.Migration{}, false
	}
	return proto.MigrationOf(in)
}

// gate makes the step of an arbiter.
func (o *observer) gate(at node.Peer, e addr.EntityID, was, now map[addr.EntityID]gate.Move, in *node.Input) {
	a, had := was[e]
	b, has := now[e]
	step := Step{Role: "gate", From: "-", To: "-"}
	if had {
		step.From = a.Phase
	}
	if has {
		step.To = b.Phase
	}
	who := func(p node.Peer) string {
		switch {
		case had && p == a.Source:
			return "source:"
		case had && p == a.Target:
			return "target:"
		}
		return "game:"
	}
	from := node.Peer{ID: in.From, Inc: in.Inc}
	of, about := moveOf(in)
	switch {
	case about && in.Type == proto.TypeFlush:
		return // as another gate: it keeps nothing
	case about:
		step.Event = who(from) + words[in.Type]
		if in.Type != proto.TypePreReq && (!had || a.N != of.N || from != a.Source && from != a.Target) {
			step.Event += "/late"
		}
	case in.Kind == node.InLinkDown && in.From.Kind() == node.Game:
		step.Event = who(from) + "end"
		if step.Event == "game:end" {
			return
		}
	case step.From == step.To:
		return
	default:
		step.Event = "self:" + in.Kind.String()
	}
	o.seen(Seen{step, at, e, o.w.Now()})
}

func (s stand) String() string {
	switch {
	case s.leaves == nil && s.comes == nil:
		return "-"
	case s.comes == nil:
		return s.leaves.Stage
	case s.leaves == nil:
		return s.comes.Stage
	}
	return s.leaves.Stage + "+" + s.comes.Stage
}

// game makes the step, or two, of a source or target.
func (o *observer) game(at node.Peer, e addr.EntityID, was, now stand, in *node.Input) {
	say := func(from, to stand, event string) {
		o.seen(Seen{Step{"game", from.String(), event, to.String()}, at, e, o.w.Now()})
	}
	again := now
	if now.leaves != nil && now.leaves.N == 0 && (was.leaves == nil || was.leaves.N != 0) {
		again.leaves = nil // game code has asked for the next one behind what was handled
	}
	event := was.event(in)
	if event == "" && was.String() != again.String() {
		event = o.change(was, in)
	}
	switch {
	case event == "":
	case begins(was, again) && (strings.HasPrefix(event, "peer:") || strings.HasPrefix(event, "other:")):
		// It is confirmed past a dead arbiter, and goes on by another, which the model has as a migration of its own.
		queued := stand{leaves: was.leaves}
		say(was, queued, event)
		say(queued, again, "self:timer")
	default:
		say(was, again, event)
	}
	if again != now {
		say(again, now, "self:migrate")
	}
}

// begins tells whether an entity that has come sets out for where it was to go next.
func begins(was, now stand) bool {
	return was.comes != nil && was.leaves != nil && was.leaves.N == 0 && now.leaves != nil && now.leaves.N != 0
}

// event names what a game is told of a migration, "" where it is none of that.
func (s stand) event(in *node.Input) string {
	from := node.Peer{ID: in.From, Inc: in.Inc}
	begun := s.leaves != nil && s.leaves.N != 0
	if of, ok := moveOf(in); ok {
		who, late := "gate:", in.Type != proto.TypePreReq && !(begun && s.leaves.N == of.N) && !(s.comes != nil && s.comes.N == of.N)
		if in.Type == proto.TypeFlushed {
			who, late = "other:", !begun || s.leaves.N != of.N
		}
		if late {
			return who + words[in.Type] + "/late"
		}
		return who + words[in.Type]
	}
	if in.Kind == node.InLinkDown && in.From.Kind() == node.Gate {
		if begun && s.leaves.Gate == from || s.comes != nil && s.comes.Gate == from {
			return "gate:end"
		}
	}
	return ""
}

// change names what has changed how an entity stands.
func (o *observer) change(was stand, in *node.Input) string {
	from := node.Peer{ID: in.From, Inc: in.Inc}
	by := "other:"
	if was.leaves != nil && was.leaves.Gate == from || was.comes != nil && was.comes.Gate == from {
		by = "gate:"
	}
	switch {
	case in.Kind == node.InTimer && was.leaves != nil && was.leaves.Stage == "queued":
		return "self:timer"
	case in.Kind == node.InLinkDown:
		return by + "end"
	case in.Kind != node.InMessage:
	case in.Type == proto.TypeGameGone:
		return by + "game-gone"
	case in.Type == proto.TypeRelayed:
		var m proto.Relayed
		if wire.Decode(in.Body, &m) == nil {
			return "peer:" + words[m.Kind]
		}
	case in.Type == proto.TypeExpected:
		var m proto.Expected
		if wire.Decode(in.Body, &m) == nil && !m.OK {
			return "db:not-expected"
		}
		return "db:expected"
	case in.Type == proto.TypeClaimed:
		var m proto.Claimed
		if wire.Decode(in.Body, &m) == nil && len(m.Data) > 0 {
			return "db:taken-newer"
		}
		return "db:taken"
	case in.Type == proto.TypeNoSave:
		return "db:not-taken"
	}
	return "self:give-up"
}
