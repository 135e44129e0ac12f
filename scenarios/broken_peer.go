package scenarios

import (
	"bytes"
	"slices"
	"time"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/sim"
	"messiah/sim/choice"
)

// brokenPeer lets processes loose that have the cluster's secret and say on the
// wire what no process of ours would say.
func brokenPeer() *sim.Scenario {
	return &sim.Scenario{
		Name:  "broken-peer",
		About: "A process that knows the secret and breaks every rule loses its own connections; the cluster lives on, and who plays notices nothing.",
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Stall, o.Duration = 0, time.Second
		},
		Play: func(s *sim.Story) {
			b := &breaker{Story: s, lives: 1}
			if s.Pick("squatter", 3) == 1 {
				b.squatter()
				s.Must("the cluster admits logins after all", s.Admits, 20*time.Second)
			} else {
				s.Open()
			}
			s.Join()
			kicks := b.kicks()
			acts := brokenActs()
			for range 3 {
				acts[s.Pick("act", len(acts))](b)
				s.Wait("between", 300*time.Millisecond)
			}
			s.Go(s.Options().Duration)
			if !slices.Equal(kicks, b.kicks()) {
				s.Violate("routes", "players were kicked for what a broken process said")
			}
		},
	}
}

// brokenActs are what a broken process does, one function each.
func brokenActs() []func(*breaker) {
	return []func(*breaker){
		(*breaker).badHellos, (*breaker).badProofs, (*breaker).oddFrames, (*breaker).badAnswers, (*breaker).oddAnswers,
		(*breaker).dialledBoth, (*breaker).dialledFirst, (*breaker).overtaking, (*breaker).goneMeanwhile, (*breaker).goneBeforeUp,
		(*breaker).heldDial, (*breaker).toManager, (*breaker).manyLives, (*breaker).toGame, (*breaker).toGate, (*breaker).toDB,
		(*breaker).badGame, (*breaker).forgottenAddress,
	}
}

// breaker tells the stories of broken processes.
type breaker struct {
	*sim.Story
	lives node.Incarnation
}

// kicks lists how often each of the players was kicked.
func (b *breaker) kicks() []int {
	var all []int
	for _, c := range b.Players {
		all = append(all, int(c.Status().Kicks))
	}
	return all
}

// rawAddr is where a broken process listens, and rawID who it claims to be.
const rawAddr = "nowhere:1"

// life returns a new life of a process of that kind that the cluster has none of.
func (b *breaker) life(k node.Kind) node.Peer {
	b.lives += 2
	return node.Peer{ID: node.NewID(k, 90+int(b.lives)), Inc: b.lives}
}

// soon is how long an answer of a process takes at most.
const soon = time.Second

func (b *breaker) up(c *sim.RawConn) {
	b.Must("a broken process is connected", func() bool { return c.Up }, soon)
}

// awaits waits for a frame, and returns its payload.
func (b *breaker) awaits(c *sim.RawConn, typ uint16) []byte {
	b.Must("a frame comes", func() bool { return c.Has(typ) != nil }, 3*soon)
	return c.Has(typ).Payload
}

// dropped wants a connection to be ended soon, and no frame of a type to have come over it.
func (b *breaker) dropped(c *sim.RawConn, what string, typ uint16) {
	b.Must("a connection is ended: "+what, func() bool { return c.Down }, soon)
	if c.Has(typ) != nil {
		b.Violate("admission", "a handshake went on to frame %d after %s", typ, what)
	}
}

// linked dials a process and makes a link, which knows so many frames of an earlier connection.
func (b *breaker) linked(r *sim.RawPeer, to node.ID, received uint64, resumes bool) *sim.RawConn {
	c := b.linking(r, to, received, resumes)
	c.Stand()
	return c
}

// linking is linked without what keeps the link.
func (b *breaker) linking(r *sim.RawPeer, to node.ID, received uint64, resumes bool) *sim.RawConn {
	c := r.Dial(to)
	b.up(c)
	c.Frame(sim.FrameHello, c.Hello(node.Peer{ID: to}))
	b.awaits(c, sim.FrameChallenge)
	c.Received = received
	c.Frame(sim.FrameProof, c.Proof(received, resumes))
	b.awaits(c, sim.FrameReady)
	return c
}

// joined links to the manager and registers as a game that listens.
func (b *breaker) joined() (r *sim.RawPeer, lead *sim.RawConn) {
	r = b.RawPeer(b.life(node.Game))
	r.Listen(rawAddr)
	lead = b.linked(r, sim.ManagerID, 0, false)
	lead.Say(&proto.Register{Addr: rawAddr})
	return r, lead
}

// dialledBy waits for the i-th connection from a gate, with its hello.
func (b *breaker) dialledBy(r *sim.RawPeer, i int) *sim.RawConn {
	b.Must("a broken process is dialled", func() bool { return len(r.Accepted) > i && r.Accepted[i].Has(sim.FrameHello) != nil }, 5*soon)
	return r.Accepted[i]
}

// leaves ends a registered one in good order.
func (b *breaker) leaves(r *sim.RawPeer, lead *sim.RawConn) {
	lead.Say(&proto.Leave{})
	b.Go(100 * time.Millisecond)
	r.Vanish()
}

// junk is a body with something behind its end.
func junk(body []byte) []byte { return append(bytes.Clone(body), 0xc1) }

// badHellos: hellos that cannot be read, are too long, or are for somebody else, and none at all.
func (b *breaker) badHellos() {
	to := b.AnyServer()
	r := b.RawPeer(b.life(node.Game))
	try := func(what string, hello func(c *sim.RawConn) []byte) {
		c := r.Dial(to)
		b.up(c)
		c.Frame(sim.FrameHello, hello(c))
		b.dropped(c, what, sim.FrameChallenge)
	}
	us := node.Peer{ID: to}
	try("a hello with something behind it", func(c *sim.RawConn) []byte { return junk(c.Hello(us)) })
	try("a hello that is too long", func(c *sim.RawConn) []byte { return longer(c.Hello(us)) })
	try("a hello for another process", func(c *sim.RawConn) []byte { return c.Hello(node.Peer{ID: to + 1}) })
	try("a hello for another life", func(c *sim.RawConn) []byte { return c.Hello(node.Peer{ID: to, Inc: 1}) })
	silent := r.Dial(to)
	b.up(silent)
	b.Must("a silent connection is ended", func() bool { return silent.Down }, 3*time.Second)
	r.Vanish()
}

// longer adds a field that only a later version knows, of five kilobytes.
func longer(body []byte) []byte {
	text := bytes.Repeat([]byte("x"), 5<<10)
	body = append(bytes.Clone(body), 0xda, byte(len(text)>>8), byte(len(text)&0xff))
	body[0]++ // the array has one element more
	return append(body, text...)
}

// badProofs: proofs that cannot be read or are wrong, and counts that cannot be.
func (b *breaker) badProofs() {
	to := b.AnyServer()
	r := b.RawPeer(b.life(node.Game))
	try := func(what string, proof func(c *sim.RawConn) []byte) {
		c := r.Dial(to)
		b.up(c)
		c.Frame(sim.FrameHello, c.Hello(node.Peer{ID: to}))
		b.awaits(c, sim.FrameChallenge)
		c.Frame(sim.FrameProof, proof(c))
		b.dropped(c, what, sim.FrameReady)
	}
	try("a proof with something behind it", func(c *sim.RawConn) []byte { return junk(c.Proof(0, false)) })
	try("a wrong proof", func(c *sim.RawConn) []byte {
		c.Frames[0].Payload[len(c.Frames[0].Payload)-17-2]++ // the nonce that it covers
		return c.Proof(0, false)
	})
	try("a link that was never made", func(c *sim.RawConn) []byte { return c.Proof(5, false) })
	c := b.linked(r, to, 0, false)
	c.Close()
	b.Go(50 * time.Millisecond)
	try("a count of frames that were never sent", func(c *sim.RawConn) []byte { return c.Proof(1000, true) })
	// The link is still there to go on.
	again := b.linked(r, to, c.Received, true)
	b.Go(50 * time.Millisecond)
	next := b.linked(r, to, again.Received, true)
	b.dropped(again, "the connection that took its place", sim.FrameRefuse)
	b.Go(1500 * time.Millisecond)
	if next.Down {
		b.Violate("progress", "a connection was ended with the one whose place it took")
	}
	r.Vanish()
}

// oddFrames: frames out of place, frames that nobody knows, and bytes that are none.
func (b *breaker) oddFrames() {
	to := b.AnyServer()
	r := b.RawPeer(b.life(node.Game))
	c := r.Dial(to)
	b.up(c)
	c.Frame(sim.FrameReady, c.Ready(0))
	b.dropped(c, "a frame out of place", sim.FrameChallenge)
	c = r.Dial(to)
	b.up(c)
	c.Bytes([]byte{6, 0, 0, 0, sim.FrameHello, 0, 0, 0xff, 0xff, 0xff})
	b.dropped(c, "a frame whose routes are not there", sim.FrameChallenge)
	c = b.linked(r, to, 0, false)
	c.Frame(sim.FrameUnknown, []byte("from a later version"))
	b.Go(100 * time.Millisecond)
	if c.Down {
		b.Violate("progress", "a link was broken for a frame of a later version")
	}
	for _, ping := range [][]byte{{1}, bytes.Repeat([]byte{0xff}, 8)} {
		c.Frame(sim.FramePing, ping)
		b.dropped(c, "a ping that cannot be", sim.FrameRefuse)
		c = b.linked(r, to, c.Received, true)
	}
	for typ := uint16(node.FirstType); typ < 230; typ++ {
		if typ != proto.TypeLeave {
			c.Frame(typ, []byte{0xc1})
		}
	}
	b.Go(100 * time.Millisecond)
	if c.Down || b.Life(to) == (node.Peer{}) {
		b.Violate("progress", "%v did not outlive messages that cannot be read", to)
	}
	r.Vanish()
}

// answer says something to a process that has dialled.
type answer struct {
	what   string
	proves bool // only behind the process's own proof
	say    func(r *sim.RawPeer, c *sim.RawConn)
}

// badAnswers: whoever is dialled answers with what cannot be read or is wrong.
func (b *breaker) badAnswers() {
	r, lead := b.joined()
	var lives []node.Peer
	for i := 1; i <= b.Options().Gates; i++ {
		lives = append(lives, b.Life(sim.GateID(i)))
	}
	answers := []answer{
		{"a challenge with something behind it", false, func(_ *sim.RawPeer, c *sim.RawConn) { c.Frame(sim.FrameChallenge, junk(c.Challenge())) }},
		{"a challenge with a wrong proof", false, func(_ *sim.RawPeer, c *sim.RawConn) {
			body := c.Challenge()
			body[len(body)-1]++
			c.Frame(sim.FrameChallenge, body)
		}},
		{"a challenge by another process", false, func(r *sim.RawPeer, c *sim.RawConn) {
			self := r.Self
			r.Self = b.life(node.Game)
			c.Frame(sim.FrameChallenge, c.Challenge())
			r.Self = self
		}},
		{"a challenge by another life", false, func(r *sim.RawPeer, c *sim.RawConn) {
			self := r.Self
			r.Self.Inc += 1000
			c.Frame(sim.FrameChallenge, c.Challenge())
			r.Self = self
		}},
		{"a refusal", false, func(_ *sim.RawPeer, c *sim.RawConn) { c.Frame(sim.FrameRefuse, c.Refuse("no")) }},
		{"a ready with something behind it", true, func(_ *sim.RawPeer, c *sim.RawConn) { c.Frame(sim.FrameReady, junk(c.Ready(0))) }},
		{"a ready with a count that cannot be", true, func(_ *sim.RawPeer, c *sim.RawConn) { c.Frame(sim.FrameReady, c.Ready(1000)) }},
		{"a refusal with something behind it", true, func(_ *sim.RawPeer, c *sim.RawConn) {
			c.Frame(sim.FrameRefuse, junk(c.Refuse("this incarnation was declared dead")))
		}},
	}
	for i, one := range answers {
		c := b.dialledBy(r, i)
		never := uint16(sim.FrameProof)
		if one.proves {
			c.Frame(sim.FrameChallenge, c.Challenge())
			b.awaits(c, sim.FrameProof)
			never = sim.FrameRefuse
		}
		one.say(r, c)
		b.dropped(c, one.what, never)
	}
	b.Go(100 * time.Millisecond)
	for i, life := range lives {
		if b.Life(sim.GateID(i+1)) != life {
			b.Violate("progress", "%v did not outlive answers that cannot be read", life.ID)
		}
	}
	b.leaves(r, lead)
}

// oddAnswers: a broken manager's name and frames go to the processes of a cluster that has a good one.
func (b *breaker) oddAnswers() {
	to := b.AnyServer()
	if to == sim.ManagerID {
		return
	}
	r := b.RawPeer(node.Peer{ID: sim.ManagerID, Inc: b.life(node.Game).Inc})
	c := r.Dial(to)
	b.up(c)
	c.Frame(sim.FrameHello, c.Hello(node.Peer{ID: to}))
	b.awaits(c, sim.FrameChallenge)
	c.Frame(sim.FrameProof, c.Proof(0, false))
	b.dropped(c, "another life than the one that is linked", sim.FrameReady)
	r.Vanish()
}

// knows tells whether a list names a life among the dead.
func knows(c *sim.RawConn, dead node.Peer) (found bool, most int) {
	for i := range c.Frames {
		var list proto.Processes
		if c.Frames[i].Type != proto.TypeProcesses || wire.Decode(c.Frames[i].Payload, &list) != nil {
			continue
		}
		found = found || slices.Contains(list.Dead, dead)
		most = max(most, len(list.Dead))
	}
	return found, most
}
