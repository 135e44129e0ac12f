package sim

import (
	"reflect"
	"strings"

	"messiah/core/check"
	"messiah/core/entity"
	"messiah/core/must"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// durable follows saves from game to db and back, and wants each later load to
// find what was acknowledged, and game code to go on with it.
type durable struct {
	deaf
	w      *World
	kept   map[string]saved     // by key: what was acknowledged last
	under  map[writeOf]underWay // what is on its way to the store
	tree   *entity.Tree         // of the record that is looked into
	record *counting
}

// counting is what the oracle reads of a record.
type counting struct {
	Ledger entity.Value[check.Ledger] `entity:"saved"`
}

// saved is one acknowledged save.
type saved struct {
	version uint64
	count   uint64 // of calls that the avatar remembered then
}

// underWay is what a word from a game to the db says.
type underWay struct {
	count uint64 // of calls that the avatar remembers in the record
	as    written
}

// written says what else than a write an acknowledgement stands for.
type written uint8

const (
	dropped written = 1 + iota
	deleted
)

func newDurable(w *World) *durable {
	o := &durable{w: w, kept: map[string]saved{}, under: map[writeOf]underWay{}, record: new(counting)}
	plan, err := entity.PlanOf(reflect.TypeFor[counting]())
	must.True(err == nil, "the plan of a record: %v", err)
	o.tree = plan.Attach(o.record)
	return o
}

func (o *durable) Saw(s Sight) {
	if s.What != SawExecuted {
		return
	}
	if kept := o.kept[proto.AccountKey(s.Account)]; s.Count <= kept.count {
		o.w.Violate("durable", "the avatar of %s on %v remembers %d calls, and a save with %d was acknowledged", s.Account, s.By.id, s.Count-1, kept.count)
	}
}

func (o *durable) Handled(p *process, in *node.Input) {
	from := node.Peer{ID: in.From, Inc: in.Inc}
	if in.Kind != node.InMessage || o.w.raw(from) {
		return
	}
	if p.id.Kind() == node.DB {
		o.written(from, in)
		return
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
			delete(o.under, writeOf{p.host.Self(), m.Key, m.Num})
		}
	case proto.TypeClaimed:
		var m proto.Claimed
		if wire.Decode(in.Body, &m) != nil {
			return
		}
		if m.Version < o.kept[m.Key].version && m.Owner%proto.MovesPerLoad == 0 { // else its entity was there already
			o.w.Violate("durable", "%v was given version %d of %s, and version %d was acknowledged", p.id, m.Version, m.Key, o.kept[m.Key].version)
		}
	}
}

// written notes what a game asks the db to write.
func (o *durable) written(from node.Peer, in *node.Input) {
	var m proto.Release
	switch {
	case in.Type == proto.TypeSave && wire.Decode(in.Body, &m.Save) == nil:
	case in.Type == proto.TypeRelease && wire.Decode(in.Body, &m) == nil:
	default:
		return
	}
	var u underWay
	switch {
	case m.Delete:
		u.as = deleted
	case m.Drop:
		u.as = dropped
	case strings.HasPrefix(m.Key, proto.AccountKey("")):
		u.count = o.countIn(m.Data)
	}
	o.under[writeOf{from, m.Key, m.Num}] = u
}

// countIn returns how many calls the avatar of a record remembers.
func (o *durable) countIn(data []byte) uint64 {
	o.record.Ledger.Set(check.Ledger{})
	if o.tree.LoadRecord(data) != nil {
		return 0 // a record of no avatar of ours
	}
	return o.record.Ledger.Get().Count
}

func (o *durable) saved(p *process, m *proto.Saved) {
	write, kept := writeOf{p.host.Self(), m.Key, m.Num}, o.kept[m.Key]
	u := o.under[write]
	switch {
	case u.as == deleted:
		o.kept[m.Key] = saved{version: max(kept.version, m.Version)}
	case u.as == dropped: // the version that it names was acknowledged when it was written
	case m.Version == kept.version:
		o.w.Violate("durable", "version %d of %s was acknowledged twice", m.Version, m.Key)
	case m.Version > kept.version: // an earlier one's word may come later, from another game
		o.kept[m.Key] = saved{m.Version, max(kept.count, u.count)}
	}
	delete(o.under, write)
}

// Ended forgets what a life of a game had not saved.
func (o *durable) Ended(p *process) {
	for k := range o.under {
		if k.game.ID == p.id {
			delete(o.under, k)
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
