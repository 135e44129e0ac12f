package sim

import (
	"fmt"
	"time"

	"messiah/core/addr"
	"messiah/core/client"
	"messiah/core/game"
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// What is promised of the movement checks, written down apart from the code that keeps it.
const (
	walkGain    = 1.03                   // times its speed may an avatar walk in the long run
	walkSlack   = 500 * time.Millisecond // what its speed makes in this time it may be ahead
	honestEvery = 5 * time.Second        // an honest client is corrected once in this time at most, and once more
	toldWithin  = 5 * time.Second        // a client that is ahead is told
	walkError   = 1e-6                   // metres, of rounding
)

// moves follows where avatars are whose speed is checked: as their games hold it,
// as their clients say, and whom games correct.
type moves struct {
	deaf
	w       *World
	walks   map[walkOf]walk
	latest  map[addr.EntityID]walkOf  // of the walks
	speeds  map[addr.EntityID]float64 // that the entity's client keeps to, in metres a second
	refused map[node.ID]corrected
	decoder wire.Decoder
	said    proto.Move
}

// walkOf is one entity on one life of a game.
type walkOf struct {
	process, life uint32
	entity        addr.EntityID
	incarnation   uint64
}

// walk is the way of one entity: what its game takes for true, and what its client says.
type walk struct {
	held, claimed track
	ack           uint32    // that the claims go with
	due           node.Time // by then the client is told that it is ahead; 0: it is not
}

// track is the way of one point, by which every stretch of it is measured: ahead is
// its length less what the speed makes of the time, and least the least of that so far.
type track struct {
	begun        bool
	at           geom.Vec3
	when         node.Time
	ahead, least float64
	open         node.Time // until then comes what has waited: it had the time before for its way
}

// step goes on to a place and returns by how many metres the way is longer than the
// speed makes, in the worst stretch of time that ends now.
func (t *track) step(to geom.Vec3, now node.Time, speed float64) float64 {
	if t.begun {
		walked := float64(float64(speed*walkGain) * now.Sub(t.when).Seconds())
		t.ahead += t.at.Distance(to) - walked
	}
	t.begun, t.at, t.when = true, to, now
	if now > t.open {
		t.least = min(t.least, t.ahead)
	}
	return t.ahead - t.least
}

// corrected is how often a client was corrected because a move was refused.
type corrected struct {
	since node.Time // the first of them
	times int
}

func newMoves(w *World) *moves {
	return &moves{w: w, walks: map[walkOf]walk{}, latest: map[addr.EntityID]walkOf{}, speeds: map[addr.EntityID]float64{}, refused: map[node.ID]corrected{}}
}

func (o *moves) remembers(dst []byte) []byte {
	return fmt.Appendf(dst, "%#v %#v %#v %#v", o.walks, o.latest, o.speeds, o.refused)
}

func (o *moves) Saw(s Sight) {
	switch s.What {
	case SawFreed:
		delete(o.walks, walkOf{s.By.index, s.By.life, s.Entity, s.Incarnation})
	case SawWaited:
		o.waited(walkOf{s.By.index, s.By.life, s.Entity, s.Incarnation})
	case SawCame:
		o.came(walkOf{s.By.index, s.By.life, s.Entity, s.N})
	}
}

// waited lets what a client did while its entity was on its way come at once.
func (o *moves) waited(k walkOf) {
	if one, known := o.walks[k]; known {
		one.held.open = o.w.now.Add(walkSlack)
		one.claimed.open = one.held.open
		o.walks[k] = one
	}
}

// came goes on with the way of an entity that came from another game. One that is back
// where it was may be behind where its client is.
func (o *moves) came(to walkOf) {
	from, walked := o.latest[to.entity]
	one, known := o.walks[from]
	delete(o.walks, from)
	if walked && known && from.process != to.process {
		o.walks[to] = one
		o.latest[to.entity] = to
	}
}

// Ended forgets what a life of a process knew.
func (o *moves) Ended(p *process) {
	delete(o.refused, p.id)
	for k := range o.walks {
		if k.process == p.index {
			delete(o.walks, k)
		}
	}
}

func (o *moves) Handled(p *process, in *node.Input) {
	switch {
	case in.Kind == node.InMessage && in.Type == proto.TypeClientMove:
		if g, is := gameOf(p); is && in.NumRoutes() == 1 {
			o.moved(p, g, in)
		}
	case in.Kind == node.InClient && p.id.Kind() == node.Client:
		if typ, _, payload, err := proto.SplitClient(in.Body); err == nil && typ == proto.TypeCorrect {
			o.corrected(p, payload)
		}
	}
}

// moved looks at an avatar behind a move of its client.
func (o *moves) moved(p *process, g *game.Game, in *node.Input) {
	r := g.Sitting(node.Peer{ID: in.From, Inc: in.Inc}, in.Route(0))
	if r == nil || r.Place() == nil || r.Place().Speed() == 0 {
		return
	}
	k := walkOf{p.index, p.life, r.ID(), r.Incarnation()}
	one := o.walks[k]
	speed, now := r.Place().Speed(), o.w.now
	o.speeds[r.ID()] = speed
	slack := float64(float64(speed*walkGain)*walkSlack.Seconds()) + walkError
	if ahead := one.held.step(r.Place().Position(), now, speed); ahead > slack {
		o.w.Violate("cheat-caught", "%v lets entity %v go %.2f m farther than %v m/s make, and %.2f m are its slack", p.id, r.ID(), ahead, speed, slack)
	}
	if payload, ok := claimOf(in.Body); ok && o.decoder.Decode(payload, &o.said) == nil {
		o.claim(&one, r.ID(), speed, slack)
	}
	o.walks[k], o.latest[k.entity] = one, k
}

// claimOf returns the move in a client message.
func claimOf(body []byte) ([]byte, bool) {
	typ, _, payload, err := proto.SplitClient(body)
	return payload, err == nil && typ == proto.TypeMove
}

// claim looks at where a client says that it is: one that says too much is told, and
// its next moves go with another correction.
func (o *moves) claim(one *walk, id addr.EntityID, speed, slack float64) {
	if o.said.Ack != one.ack {
		one.claimed, one.ack, one.due = track{}, o.said.Ack, 0
	}
	now := o.w.now
	ahead := one.claimed.step(o.said.At, now, speed)
	switch {
	case one.due != 0 && now > one.due:
		o.w.Violate("cheat-caught", "the client of entity %v has said for %v that it goes faster than %v m/s, and is not told", id, toldWithin, speed)
	case one.due == 0 && ahead > slack:
		one.due = now.Add(toldWithin)
	}
}

// corrected counts the corrections of a client that keeps to its avatar's speed.
func (o *moves) corrected(p *process, payload []byte) {
	var m proto.Correct
	if o.decoder.Decode(payload, &m) != nil || m.Placed || o.w.rude[p.id] {
		return
	}
	speed, checked := o.speeds[p.host.Node().(*client.Client).Inspect().Entity]
	if !checked || o.w.walkSpeed[p.id] > speed {
		return
	}
	c := o.refused[p.id]
	if c.times == 0 {
		c.since = o.w.now
	}
	c.times++
	o.refused[p.id] = c
	if c.times > 1+int(o.w.now.Sub(c.since)/honestEvery) {
		o.w.Violate("honest-move", "%v walks at %v m/s of %v and was corrected %d times in %v", p.id, o.w.walkSpeed[p.id], speed, c.times, o.w.now.Sub(c.since))
	}
}
