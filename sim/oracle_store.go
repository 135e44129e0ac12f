package sim

import (
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// durable follows saves from game to db and back, and wants each later load to
// find what was acknowledged, and game code to go on with it.
type durable struct {
	deaf
	w      *World
	counts map[avatarOf]uint64 // calls that the avatar remembers, as game code said last
	kept   map[string]saved    // by account: what was acknowledged last
}

// saved is one acknowledged save.
type saved struct {
	version uint64
	count   uint64 // of calls that the avatar remembered then
}

func newDurable(w *World) *durable {
	return &durable{w: w, counts: map[avatarOf]uint64{}, kept: map[string]saved{}}
}

func (o *durable) Saw(s Sight) {
	if s.What != SawExecuted {
		return
	}
	if kept := o.kept[s.Account]; s.Count <= kept.count {
		o.w.Violate("durable", "the avatar of %s on %v remembers %d calls, and a save with %d was acknowledged", s.Account, s.By.id, s.Count-1, kept.count)
	}
	o.counts[avatarOf{s.By.index, s.By.life, s.Account}] = s.Count
}

func (o *durable) Handled(p *process, in *node.Input) {
	if in.Kind != node.InMessage || p.id.Kind() != node.Game || o.w.raw(node.Peer{ID: in.From, Inc: in.Inc}) {
		return
	}
	switch in.Type {
	case proto.TypeSaved:
		var m proto.Saved
		if wire.Decode(in.Body, &m) == nil {
			o.saved(p, &m)
		}
	case proto.TypeClaimed:
		var m proto.Claimed
		if wire.Decode(in.Body, &m) == nil && m.Version < o.kept[m.Account].version {
			o.w.Violate("durable", "%v was given version %d of %s, and version %d was acknowledged", p.id, m.Version, m.Account, o.kept[m.Account].version)
		}
	}
}

func (o *durable) saved(p *process, m *proto.Saved) {
	k, kept := avatarOf{p.index, p.life, m.Account}, o.kept[m.Account]
	switch {
	case m.Version == kept.version:
		o.w.Violate("durable", "version %d of %s was acknowledged twice", m.Version, m.Account)
	case m.Version > kept.version: // an earlier one's word may come later, from another game
		o.kept[m.Account] = saved{m.Version, max(kept.count, o.counts[k])}
	}
	delete(o.counts, k)
}

// Ended forgets what a life of a game had not saved.
func (o *durable) Ended(p *process) {
	if p.id.Kind() != node.Game {
		return
	}
	for k := range o.counts {
		if k.process == p.index {
			delete(o.counts, k)
		}
	}
}

// loaders follows who was granted which record, and wants no write of an owner
// before the latest to be acknowledged.
type loaders struct {
	deaf
	w       *World
	granted map[string]uint64    // by account: the highest owner number that a game was given
	stale   map[writeOf]struct{} // writes that reached the db when a later owner had its record
}

// writeOf names one write of one life of a game.
type writeOf struct {
	game    node.Peer
	account string
	num     uint64
}

func newLoaders(w *World) *loaders {
	return &loaders{w: w, granted: map[string]uint64{}, stale: map[writeOf]struct{}{}}
}

func (o *loaders) Handled(p *process, in *node.Input) {
	from := node.Peer{ID: in.From, Inc: in.Inc}
	if in.Kind != node.InMessage || o.w.raw(from) {
		return
	}
	switch in.Type {
	case proto.TypeClaimed:
		var m proto.Claimed
		if wire.Decode(in.Body, &m) == nil {
			o.claimed(p, &m)
		}
	case proto.TypeRelease, proto.TypeSave:
		var m proto.Release
		if wire.Decode(in.Body, &m) == nil && m.Owner < o.granted[m.Account] {
			o.stale[writeOf{from, m.Account, m.Num}] = struct{}{}
		}
	case proto.TypeSaved:
		var m proto.Saved
		if wire.Decode(in.Body, &m) != nil {
			return
		}
		if _, is := o.stale[writeOf{p.host.Self(), m.Account, m.Num}]; is {
			o.w.Violate("one-loader", "a write of %v to the record of %s was acknowledged, and a later owner had it", p.id, m.Account)
		}
	}
}

func (o *loaders) claimed(p *process, m *proto.Claimed) {
	if m.Owner == o.granted[m.Account] { // a lower one may come late, to a game that lost the record meanwhile
		o.w.Violate("one-loader", "%v was given the record of %s under the number %d, as another game was", p.id, m.Account, m.Owner)
	}
	o.granted[m.Account] = max(o.granted[m.Account], m.Owner)
}
