package game

import (
	"time"

	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/proto"
)

// port is the game as its world sees it.
type port struct{ g *Game }

func (p port) Send(env *node.Env, m *entity.Mail) proto.Outcome { return p.g.post(env, m) }

func (p port) Answer(env *node.Env, to *entity.Origin, o proto.Outcome, body []byte) {
	p.g.answer(env, to, o, body)
}

func (p port) Push(env *node.Env, to entity.Seat, method uint16, args []byte) {
	t := p.g.seats[to]
	if t == nil || t.client != to || t.away() {
		env.Mark("push-without-client")
		return
	}
	t.pushes++
	p.g.pushed = proto.Push{Method: method, Args: args}
	p.g.toClient(env, to, proto.TypePush, 0, t.pushes, env.Encode(&p.g.pushed))
}

func (p port) Retired(env *node.Env, r *entity.Resident, left entity.Left) { p.g.retired(env, r, left) }

func (p port) Stale(env *node.Env, r *entity.Resident, within time.Duration) {
	p.g.stale(env, r, within)
}

func (p port) Placed(env *node.Env, r *entity.Resident) { p.g.placed(env, r) }

func (p port) Home(env *node.Env, id addr.EntityID) node.Peer { return p.g.home(env, id) }

func (p port) Migrate(env *node.Env, r *entity.Resident, to *entity.Destination) error {
	return p.g.migrate(env, r, to)
}

func (p port) Games(*node.Env) []node.Peer {
	var games []node.Peer
	for i := range p.g.list.Live {
		if one := &p.g.list.Live[i]; one.Open() {
			games = append(games, one.Peer)
		}
	}
	return games
}

func (p port) Doomed(env *node.Env, r *entity.Resident) {
	if l, _ := p.g.leaving.Get(r.ID()); l != nil {
		p.g.abortLeaving(env, l, proto.MigrateInterrupted)
	}
}

func (p port) PassOn(env *node.Env, gate, to, game node.Peer, num uint64, o proto.Outcome, body []byte) {
	p.g.passOn(env, gate, to, game, num, o, body)
}

func (p port) MovedOn(env *node.Env, gate, to, game node.Peer, num uint64, at node.Peer, maybe bool) {
	p.g.movedOn(env, gate, to, game, num, at, maybe)
}

func (p port) Question(env *node.Env, q *entity.Question) bool { return p.g.question(env, q) }

func (p port) Born(env *node.Env, r *entity.Resident) bool { return p.g.born(env, r) }

func (p port) FindPath(env *node.Env, num uint64, from, to geom.Vec3) bool {
	return p.g.findPath(env, num, from, to)
}

// home returns the gate by which mail to an entity goes, the same wherever it is
// asked with the same gates: the one whose mixed hash with the id is highest
// (Thaler and Ravishankar, rendezvous hashing), so that few change when a gate does.
func (g *Game) home(_ *node.Env, id addr.EntityID) node.Peer {
	var best node.Peer
	var most uint64
	for i := range g.list.Live {
		p := g.list.Live[i].Peer
		if p.ID.Kind() != node.Gate {
			continue
		}
		if h := mix(mix(uint64(p.Inc)^uint64(id.Maker)) ^ id.N); best == (node.Peer{}) || h > most {
			best, most = p, h
		}
	}
	return best
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
