package sim

import (
	"messiah/core/gate"
	"messiah/core/node"
	"messiah/core/session"
)

// hooks checks what game code hears of its clients, and clients of themselves:
// attached and lost take turns, at rest each avatar knows whether its client is
// there, and nobody is told that it broke a protocol to which all keep.
type hooks struct {
	deaf
	w        *World
	attached map[avatarOf]bool
	moved    map[string]bool   // by account: what game code had heard where the avatar was, when it left
	unsure   map[avatarOf]bool // avatars that go on as they were some time before: the next word settles it
}

// avatarOf is an account's avatar on one life of a game.
type avatarOf struct {
	process, life uint32
	account       string
}

func newHooks(w *World) *hooks {
	return &hooks{w: w, attached: map[avatarOf]bool{}, moved: map[string]bool{}, unsure: map[avatarOf]bool{}}
}

func (o *hooks) Saw(s Sight) {
	k := avatarOf{s.By.index, s.By.life, s.Account}
	switch s.What {
	case SawAttached:
		if o.attached[k] {
			o.w.Violate("connection-truth", "game code on %v heard twice that the client of %s is there", s.By.id, s.Account)
		}
		delete(o.unsure, k)
		o.attached[k] = true
	case SawLost:
		if !o.attached[k] && !o.unsure[k] {
			o.w.Violate("connection-truth", "game code on %v heard that the client of %s is gone, which was not there", s.By.id, s.Account)
		}
		delete(o.unsure, k)
		delete(o.attached, k)
	case SawLeft:
		if !o.unsure[k] {
			o.moved[s.Account] = o.attached[k]
		}
		o.leave(s.Account)
	case SawCame:
		o.came(k)
	}
}

// came goes on with what an avatar's code had heard when the avatar left. Where it left
// nobody, since a copy of it goes on whose original died, or who left before is back, it
// is as it was some time before.
func (o *hooks) came(k avatarOf) {
	there, left := o.moved[k.account]
	o.leave(k.account)
	delete(o.moved, k.account)
	switch {
	case !left:
		o.unsure[k] = true
	case there:
		o.attached[k] = true
	}
}

// leave ends what games believe of an account's client which do not know yet that they are held
// for dead and that the avatar goes on elsewhere.
func (o *hooks) leave(account string) {
	for _, believed := range [...]map[avatarOf]bool{o.attached, o.unsure} {
		for k := range believed {
			if k.account == account {
				delete(believed, k)
			}
		}
	}
}

func (o *hooks) Handled(p *process, in *node.Input) {
	if in.Kind != node.InDisconnected || p.id.Kind() != node.Client {
		return
	}
	switch r := session.Reason(in.Type); r {
	case session.ReasonBad, session.ReasonForged, session.ReasonFlood:
		if !o.w.rude[p.id] {
			o.w.Violate("connection-truth", "%v was cut off for %v, and it kept to the protocol", p.id, r)
		}
	}
}

// Ended forgets what a life of a game was told.
func (o *hooks) Ended(p *process) {
	if p.id.Kind() != node.Game {
		return
	}
	for _, believed := range [...]map[avatarOf]bool{o.attached, o.unsure} {
		for k := range believed {
			if k.process == p.index {
				delete(believed, k)
			}
		}
	}
}

func (o *hooks) Calm() {
	for _, p := range o.w.servers() {
		if g, ok := gateOf(p); ok {
			for v := range g.Clients() {
				if v.State == "in" {
					o.client(p, &v)
				}
			}
		}
		if g, ok := gameOf(p); ok {
			for v := range g.Avatars() {
				if v.Route == 0 && o.attached[avatarOf{p.index, p.life, v.Account}] {
					o.w.Violate("connection-truth", "game code on %v believes in a client of %s, whose avatar has none", p.id, v.Account)
				}
			}
		}
	}
}

// client compares what a gate knows of a client with what game code has heard.
func (o *hooks) client(p *process, v *gate.View) {
	at := o.w.byID[v.Game.ID]
	if at.host == nil || at.host.Self() != v.Game {
		return // a route that leads nowhere is another oracle's matter
	}
	k := avatarOf{at.index, at.life, v.Account}
	if there := o.attached[k]; there == v.Lost && !o.unsure[k] {
		o.w.Violate("connection-truth", "game code on %v believes that the client of %s is there: %v, and %v has lost it: %v", at.id, v.Account, there, p.id, v.Lost)
	}
}
