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
	counts map[recordOf]uint64   // by record: calls that the avatar remembers, as game code said last
	copies map[recordOf][]uint64 // the same at each moment of which a copy is on its way to the store
	kept   map[string]saved      // by key: what was acknowledged last
	as     map[writeOf]written   // releases that do not write, on their way
	came   map[recordOf]bool     // records that came with their avatar from another game
}

// saved is one acknowledged save.
type saved struct {
	version uint64
	count   uint64 // of calls that the avatar remembered then
}

// recordOf is a record as one life of a game has it loaded.
type recordOf struct {
	process uint32
	life    uint32
	key     string
}

// written says what else than a write an acknowledgement stands for.
type written uint8

const (
	dropped written = 1 + iota
	deleted
)

func newDurable(w *World) *durable {
	return &durable{w: w, counts: map[recordOf]uint64{}, copies: map[recordOf][]uint64{}, kept: map[string]saved{}, as: map[writeOf]written{}, came: map[recordOf]bool{}}
}

func (o *durable) Saw(s Sight) {
	key := proto.AccountKey(s.Account)
	k := recordOf{s.By.index, s.By.life, key}
	switch s.What {
	case SawCopied:
		o.copies[k] = append(o.copies[k], o.counts[k])
		return
	case SawCame:
		o.came[k] = true
		return
	case SawLeft:
		delete(o.came, k)
		return
	case SawExecuted:
	default:
		return
	}
	if kept := o.kept[key]; s.Count <= kept.count {
		o.w.Violate("durable", "the avatar of %s on %v remembers %d calls, and a save with %d was acknowledged", s.Account, s.By.id, s.Count-1, kept.count)
	}
	o.counts[k] = s.Count
}

func (o *durable) Handled(p *process, in *node.Input) {
	from := node.Peer{ID: in.From, Inc: in.Inc}
	if in.Kind != node.InMessage || o.w.raw(from) {
		return
	}
	if in.Type == proto.TypeRelease && p.id.Kind() == node.DB {
		o.released(from, in)
	}
	if p.id.Kind() != node.Game {
		return
	}
	switch in.Type {
	case proto.TypeSaved:
		var m proto.Saved
		if wire.Decode(in.Body, &m) == nil {
			o.saved(p, &m)
		}
	case proto.TypeNoSave:
		var m proto.NoSave
		if wire.Decode(in.Body, &m) == nil {
			delete(o.as, writeOf{p.host.Self(), m.Key, m.Num})
			if m.Stale {
				delete(o.came, recordOf{p.index, p.life, m.Key})
			}
		}
	case proto.TypeClaimed:
		var m proto.Claimed
		if wire.Decode(in.Body, &m) != nil {
			return
		}
		k := recordOf{p.index, p.life, m.Key}
		if o.came[k] {
			return // what it executes and saves began before the db had heard of it
		}
		delete(o.copies, k)
		delete(o.counts, k)
		if m.Version < o.kept[m.Key].version {
			o.w.Violate("durable", "%v was given version %d of %s, and version %d was acknowledged", p.id, m.Version, m.Key, o.kept[m.Key].version)
		}
	}
}

// released notes a release, and whether it is to write nothing.
func (o *durable) released(from node.Peer, in *node.Input) {
	var m proto.Release
	if wire.Decode(in.Body, &m) != nil {
		return
	}
	if p := o.w.byID[from.ID]; p != nil {
		delete(o.came, recordOf{p.index, p.life, m.Key})
	}
	switch k := (writeOf{from, m.Key, m.Num}); {
	case m.Delete:
		o.as[k] = deleted
	case m.Drop:
		o.as[k] = dropped
	}
}

func (o *durable) saved(p *process, m *proto.Saved) {
	k, kept := recordOf{p.index, p.life, m.Key}, o.kept[m.Key]
	write := writeOf{p.host.Self(), m.Key, m.Num}
	var copied uint64
	if list := o.copies[k]; len(list) > 0 {
		copied, o.copies[k] = list[0], list[1:]
	}
	switch as := o.as[write]; {
	case as == deleted:
		o.kept[m.Key] = saved{version: max(kept.version, m.Version)}
	case as == dropped: // the version that it names was acknowledged when it was written
	case m.Version == kept.version:
		o.w.Violate("durable", "version %d of %s was acknowledged twice", m.Version, m.Key)
	case m.Version > kept.version: // an earlier one's word may come later, from another game
		o.kept[m.Key] = saved{m.Version, max(kept.count, copied)}
	}
	delete(o.as, write)
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
	for k := range o.copies {
		if k.process == p.index {
			delete(o.copies, k)
		}
	}
	for k := range o.came {
		if k.process == p.index {
			delete(o.came, k)
		}
	}
	for k := range o.as {
		if k.game.ID == p.id {
			delete(o.as, k)
		}
	}
}

// loaders follows who was granted which record, and wants no write of an owner
// before the latest to be acknowledged.
type loaders struct {
	deaf
	w       *World
	granted map[string]uint64    // by key: the highest owner number that a game was given
	to      map[string]node.Peer // and which game
	stale   map[writeOf]struct{} // writes that reached the db when a later owner had its record
}

// writeOf names one write of one life of a game.
type writeOf struct {
	game node.Peer
	key  string
	num  uint64
}

func newLoaders(w *World) *loaders {
	return &loaders{w: w, granted: map[string]uint64{}, to: map[string]node.Peer{}, stale: map[writeOf]struct{}{}}
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
		if wire.Decode(in.Body, &m) == nil && m.Owner < o.granted[m.Key] {
			o.stale[writeOf{from, m.Key, m.Num}] = struct{}{}
		}
	case proto.TypeSaved:
		var m proto.Saved
		if wire.Decode(in.Body, &m) != nil {
			return
		}
		if _, is := o.stale[writeOf{p.host.Self(), m.Key, m.Num}]; is {
			o.w.Violate("one-loader", "a write of %v to %s was acknowledged, and a later owner had it", p.id, m.Key)
		}
	}
}

func (o *loaders) claimed(p *process, m *proto.Claimed) {
	self := p.host.Self()
	other := o.to[m.Key]
	if at := o.w.byID[other.ID]; m.Owner == o.granted[m.Key] && other != self && at != nil && at.host != nil && at.host.Self() == other { // who took a record and died is unknown to a new db; a lower one may come late, to a game that lost the record meanwhile
		o.w.Violate("one-loader", "%v was given %s under the number %d, as another game was", p.id, m.Key, m.Owner)
	}
	if m.Owner >= o.granted[m.Key] {
		o.granted[m.Key], o.to[m.Key] = m.Owner, self
	}
}
