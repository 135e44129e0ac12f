package sim

import (
	"cmp"
	"math"
	"slices"

	"messiah/core/addr"
	"messiah/core/client"
	"messiah/core/dbm"
	"messiah/core/game"
	"messiah/core/gate"
	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/ordered"
	"messiah/core/proto"
	"messiah/core/session"
	"messiah/netsim"
)

// routes checks at rest that each client's route leads to its avatar, and that
// each account has one avatar in the cluster.
type routes struct {
	deaf
	w *World
}

func newRoutes(w *World) *routes { return &routes{w: w} }

func (o *routes) Calm() {
	w := o.w
	homes, entities := map[string]node.ID{}, map[addr.EntityID]string{}
	for _, p := range w.servers() {
		if g, ok := gameOf(p); ok {
			for v := range g.Avatars() {
				if v.State != "live" {
					continue
				}
				if other, twice := homes[v.Account]; twice {
					w.Violate("routes", "%s has an avatar on %v and on %v", v.Account, other, p.id)
				}
				homes[v.Account] = p.id
				if other, twice := entities[v.Entity]; twice || v.Entity.IsZero() {
					w.Violate("routes", "the avatar of %s has the entity id %v, as has that of %q", v.Account, v.Entity, other)
				}
				entities[v.Entity] = v.Account
			}
		}
	}
	for _, p := range w.servers() {
		if g, ok := gateOf(p); ok {
			for v := range g.Clients() {
				if v.State == "in" {
					o.route(p, &v)
				}
			}
		}
	}
	o.everybodyIn()
}

// route follows one route of a gate to the avatar at its end.
func (o *routes) route(p *process, v *gate.View) {
	at := o.w.byID[v.Game.ID]
	if at == nil || at.host == nil || at.host.Self() != v.Game {
		o.w.Violate("routes", "%v routes %s to a life of %v that is over", p.id, v.Account, v.Game.ID)
		return
	}
	g, _ := gameOf(at)
	for a := range g.Avatars() {
		if a.Account != v.Account {
			continue
		}
		if a.State != "live" || a.Gate != p.host.Self() || a.Route != v.Route || a.Entity != v.Entity {
			o.w.Violate("routes", "%v routes %s to %v, whose avatar is %s and has the route %d of %v",
				p.id, v.Account, v.Game.ID, a.State, a.Route, a.Gate.ID)
		}
		return
	}
	o.w.Violate("routes", "%v routes %s to %v, which has no such avatar", p.id, v.Account, v.Game.ID)
}

// everybodyIn wants a gate to know each client that holds itself for logged in.
func (o *routes) everybodyIn() {
	if p := o.w.homeless(); p != nil {
		o.w.Violate("routes", "%v is in, and no gate has a route for it", p.id)
	}
}

// homeless returns a client that holds itself for logged in and that no gate knows,
// or nil. Such a client is about to hear of the end of its session, or never will.
func (w *World) homeless() *process {
	type place struct {
		account string
		entity  addr.EntityID
	}
	places := map[place]bool{}
	for _, p := range w.servers() {
		if g, ok := gateOf(p); ok {
			for v := range g.Clients() {
				if v.State == "in" {
					places[place{v.Account, v.Entity}] = true
				}
			}
		}
	}
	for _, p := range w.clients() {
		if p.host == nil {
			continue
		}
		st := p.host.Node().(*client.Client).Inspect()
		if st.State == client.In && !places[place{st.Account, st.Entity}] {
			return p
		}
	}
	return nil
}

func gameOf(p *process) (*game.Game, bool) {
	if p.host == nil {
		return nil, false
	}
	g, ok := p.host.Node().(*game.Game)
	return g, ok
}

func gateOf(p *process) (*gate.Gate, bool) {
	if p.host == nil {
		return nil, false
	}
	g, ok := p.host.Node().(*gate.Gate)
	return g, ok
}

// leaks checks, when the clients have left, that nothing is left without an owner.
type leaks struct {
	deaf
	w    *World
	left map[addr.EntityID][]node.Peer // the games from which an entity has gone on since it was loaded
	came map[addr.EntityID]bool        // the life that begins is one that has come
}

func newLeaks(w *World) *leaks {
	return &leaks{w: w, left: map[addr.EntityID][]node.Peer{}, came: map[addr.EntityID]bool{}}
}

func (o *leaks) Saw(s Sight) {
	switch {
	case s.What == SawCame:
		o.came[s.Entity] = true
	case s.What == SawLive && o.came[s.Entity]:
		delete(o.came, s.Entity)
	case s.What == SawLive:
		delete(o.left, s.Entity)
	case s.What == SawLeft && s.By.host != nil:
		o.left[s.Entity] = append(o.left[s.Entity], s.By.host.Self())
	}
}

func (o *leaks) Empty() {
	for _, p := range o.w.servers() {
		if p.host == nil {
			continue
		}
		if text := leftover(p); text != "" {
			o.w.Violate("no-leak", "%v keeps %s", p.id, text)
		}
	}
	o.holds()
}

// isTended tells whether a record is that of a stub, or of an entity without a
// player, and its holder has it in use.
func (w *World) isTended(key string, holder node.Peer) bool {
	p := w.byID[holder.ID]
	if p == nil || p.host == nil || p.host.Self() != holder {
		return false
	}
	g, _ := gameOf(p)
	_, players := proto.AccountOf(key)
	return !players && g.Tends(key)
}

// holds wants no record to be held by a game that lives: nobody is there for whom it could.
func (o *leaks) holds() {
	rows := o.w.stores[0].rows
	for _, key := range ordered.Keys(rows) {
		if rows[key].unsure {
			continue // a claim that was refused may have come through; the next one goes to the same game
		}
		holder, entity, err := dbm.HolderOf(rows[key].value)
		if slices.Contains(o.left[entity], holder) {
			continue // the store has not heard of who had it since, and died with it; whoever claims it is sent to this game
		}
		if o.w.isTended(key, holder) {
			continue
		}
		if p := o.w.byID[holder.ID]; err != nil || p != nil && p.host != nil && p.host.Self() == holder {
			o.w.Violate("no-leak", "the record of %s is held by %v (%v)", key, holder.ID, err)
		}
	}
}

// empty tells whether the process keeps nothing of any client.
func (p *process) empty() bool { return p.host == nil || leftover(p) == "" }

// leftover names what a process keeps though no client is there, or "".
func leftover(p *process) string {
	load := p.host.Load()
	switch {
	case load.Sessions > 0:
		return count(load.Sessions, "client sessions in its host")
	case load.Dials > p.dialsMost():
		return count(load.Dials, "addresses to dial")
	}
	switch n := p.host.Node().(type) {
	case *gate.Gate:
		st := n.Inspect()
		switch {
		case st.Clients > 0:
			return count(st.Clients, "clients")
		case st.Sessions > 0:
			return count(st.Sessions, "sessions")
		case st.Accounts > 0:
			return count(st.Accounts, "accounts")
		case st.Routes > 0:
			return count(st.Routes, "routes")
		case load.Timers > gateTimers+load.Links+load.Conns:
			return count(load.Timers, "timers")
		}
		for _, l := range p.lanes {
			if n := l.host.Lane().(*session.Shard).Len(); n > 0 {
				return count(n, "sessions in a shard")
			}
		}
	case *game.Game:
		st := n.Inspect()
		switch {
		case st.Avatars > 0:
			return count(st.Avatars, "avatars")
		case st.Seats > 0:
			return count(st.Seats, "seats")
		case st.Queries > 0:
			return count(st.Queries, "path queries")
		}
	case *dbm.DB:
		busy := 0
		for key := range n.BusyWith {
			if _, players := proto.AccountOf(key); players { // others go on without clients, and are saved
				busy++
			}
		}
		if busy > 0 {
			return count(busy, "records at work")
		}
		if n := n.Inspect().Checks; n > 0 {
			return count(n, "passwords at work")
		}
	case *manager.Manager:
	}
	return ""
}

// dialsMost is how many processes a process dials: all dial the manager, games the db, gates every game.
func (p *process) dialsMost() int {
	switch p.id.Kind() {
	case node.Gate:
		return 1 + p.w.opts.Games + p.w.guests
	case node.Game:
		return 2
	}
	return 1
}

// gateTimers is how many timers an idle gate has beside those of its links: the report.
const gateTimers = 1 + 8 // and redials of the links that do not stand

// bounds checks that every queue, buffer and table keeps to its bound.
type bounds struct {
	deaf
	w      *World
	logins map[sessionOf]int // tries on one connection
	client int               // the first that the next checkpoint looks at
}

func newBounds(w *World) *bounds { return &bounds{w: w, logins: map[sessionOf]int{}} }

// maxLogins is how many tries a client has on one connection, and the one more that ends it.
const maxLogins = 8 + 1

func (o *bounds) Handled(p *process, in *node.Input) {
	if p.id.Kind() != node.Gate || in.Kind != node.InClient && in.Kind != node.InDisconnected {
		return
	}
	k := sessionOf{p.index, p.life, in.Session}
	if in.Kind == node.InDisconnected {
		delete(o.logins, k)
		return
	}
	if typ, _, _, err := proto.SplitClient(in.Body); err != nil || typ != proto.TypeLogin {
		return
	}
	if o.logins[k]++; o.logins[k] > maxLogins {
		o.w.Violate("bounded", "%v has taken %d logins on one connection", p.id, o.logins[k])
	}
}

// lookAt is how many clients, and of each shard sessions, a checkpoint looks at;
// of more it takes the next ones in turn, so that a large world costs what a small
// one does.
const lookAt = 256

func (o *bounds) Checkpoint() {
	clients := o.w.clients()
	for i := range min(len(clients), lookAt) {
		o.process(clients[(o.client+i)%len(clients)], lookAt)
	}
	o.client += lookAt
	o.cluster(lookAt)
}

// cluster looks at all processes but clients, and at so many sessions of each shard.
func (o *bounds) cluster(sessions int) {
	for _, p := range o.w.servers() {
		o.process(p, sessions)
	}
	if n := o.w.net.Busiest(netsim.Process); n > netsim.MaxProcessBytes {
		o.w.Violate("bounded", "%d bytes are under way on one process connection", n)
	}
}

func (o *bounds) Calm()  { o.all() }
func (o *bounds) Empty() { o.all() }

// all looks at everything at once.
func (o *bounds) all() {
	for _, p := range o.w.clients() {
		o.process(p, math.MaxInt)
	}
	o.cluster(math.MaxInt)
}

func (o *bounds) process(p *process, sessions int) {
	if p.host == nil {
		return
	}
	w := o.w
	load := p.host.Load()
	// One batch of a lane may come on top of a full queue.
	if load.Inputs > node.MaxInbox+maxBatch || load.Bytes > node.MaxInboxBytes+maxLaneBytes {
		w.Violate("bounded", "%v has %d inputs of %d bytes queued", p.id, load.Inputs, load.Bytes)
	}
	for _, l := range p.host.Links() {
		if l.Unacked == 0 && l.Room > node.LinkKeepBytes {
			w.Violate("bounded", "%v keeps room of %d bytes for %v, which has all", p.id, l.Room, l.Peer.ID)
		}
		if l.Unacked > cmp.Or(p.cfg.LinkBytes, node.MaxLinkBytes) {
			w.Violate("bounded", "%v keeps %d bytes for %v", p.id, l.Unacked, l.Peer.ID)
		}
		if l.Up && l.Unacked > maxQuietLink && w.opts.Clients < 100 {
			w.Violate("bounded", "%v keeps %d bytes for %v over a link that stands", p.id, l.Unacked, l.Peer.ID)
		}
	}
	for _, l := range p.lanes {
		if l.mail.Bytes() > maxLaneBytes+netsim.MaxStreamBytes+maxLaneTasks {
			w.Violate("bounded", "a lane of %v has %d bytes queued", p.id, l.mail.Bytes())
		}
		if shard, ok := l.host.Lane().(*session.Shard); ok {
			o.shard(p, shard, sessions)
		}
	}
	if life, twice := repeated(p.host.Dead()); twice {
		w.Violate("bounded", "%v remembers twice that %v is dead", p.id, life)
	}
	if load.Timers > node.MaxTimers {
		w.Violate("bounded", "%v has %d timers", p.id, load.Timers)
	}
}

// Slack of the bounds: what one batch may add before anybody can look.
const (
	maxBatch     = 1 << 16
	maxLaneTasks = 64 << 20
	maxQuietLink = 4 << 20 // unacknowledged on a link that stands, in a small cluster
)

// repeated finds a life that a list has twice.
func repeated(lives []node.Peer) (node.Peer, bool) {
	seen := make(map[node.Peer]bool, len(lives))
	for _, one := range lives {
		if seen[one] {
			return one, true
		}
		seen[one] = true
	}
	return node.Peer{}, false
}

func (o *bounds) shard(p *process, shard *session.Shard, sessions int) {
	if shard.Len() > session.DefaultMaxSessions || shard.HalfOpen() > session.DefaultMaxHalfOpen {
		o.w.Violate("bounded", "a shard of %v has %d sessions, %d of them half open", p.id, shard.Len(), shard.HalfOpen())
	}
	for v := range shard.Some(o.client, sessions) {
		if v.UnackedBytes > session.DefaultUnackedBytes || v.UnackedMessages > session.DefaultUnackedMessages {
			o.w.Violate("bounded", "%v keeps %d messages of %d bytes for session %v", p.id, v.UnackedMessages, v.UnackedBytes, v.Session)
		}
	}
}
