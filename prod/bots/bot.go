package bots

import (
	"cmp"
	"time"

	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/session"
)

// bot is one client: its node, its session lane and its socket, all of one loop.
type bot struct {
	index  int // within its loop
	client *client.Client
	host   *node.Host
	lane   *node.LaneHost
	socket socket
	ended  bool
	heard  node.Time // of the latest answer
	queued bool      // stands in the loop's list of bots to run
}

// ackDelay is how long a bot's word on what it has received waits for a call
// that it may ride on: longer than between two calls of a player, and far
// shorter than what the server keeps for it.
const ackDelay = 100 * time.Millisecond

// boot starts the bot's node and lane.
func (l *loop) boot(b *bot, account string, entropy []byte) {
	b.client = client.New(client.Config{
		Gates: l.swarm.gates, Account: account, Credentials: cmp.Or(l.swarm.cfg.Password, account),
		Table: l.swarm.cfg.RPC, Method: l.swarm.cfg.Method, Payload: l.swarm.cfg.Payload, Asked: l.swarm.cfg.Asked,
		Outstanding: l.swarm.cfg.Outstanding, CallEvery: l.swarm.cfg.Every,
		Client: l.swarm.cfg.Client, NumberBase: l.swarm.cfg.NumberBase, StayKicked: l.swarm.cfg.StayKicked,
		Greeting: l.swarm.cfg.Greeting,
		RTT:      func(d time.Duration) { l.answered(b, d) },
		Froze:    l.freezes.Add,
	})
	b.host = node.NewHost(node.Config{
		Self: node.NewID(node.Client, b.index*len(l.swarm.loops)+l.number+1), Version: l.swarm.cfg.Version,
		Lanes: 1, Log: l.swarm.log,
		// What came before the end of an epoch is acknowledged already, and must not be withdrawn with it.
		Delivery: node.Queued,
	}, b.client, entropy)
	b.lane = node.NewLaneHost(session.NewDialer(session.DialerConfig{
		Version: l.swarm.cfg.Version, ServerKey: l.swarm.cfg.ServerKey, NewARQ: newARQ,
		DialWithin: l.swarm.cfg.DialWithin,
		Limits:     session.Limits{DeadAfter: l.swarm.cfg.DeadAfter, AckDelay: ackDelay},
	}), 0, entropy, nil)
	now, wall := l.times()
	b.lane.Step(now, wall, &node.Input{Kind: node.InStart, Body: entropy})
}

// answered counts an answer: its round trip, and how long the bot had been without one.
func (l *loop) answered(b *bot, rtt time.Duration) {
	l.rtt.Add(rtt)
	if b.heard != 0 {
		l.silence = max(l.silence, l.now.Sub(b.heard))
	}
	b.heard = l.now
}

// maxRounds bounds how often node and lane answer each other in one turn of a bot.
const maxRounds = 64

// run is one turn of a bot: what came in is handled to its end, what it left to send goes out.
func (l *loop) run(b *bot) {
	if b.ended {
		return
	}
	now, wall := l.now, l.wall
	b.host.Begin(now, wall)
	if b.lane.Wake() <= now {
		b.lane.Step(now, wall, &node.Input{Kind: node.InWake})
	}
	flushed := false
	for round := 0; ; round++ {
		if round == maxRounds {
			// The others have their turn first.
			l.schedule.want(b.index, now)
			break
		}
		moved := l.answers(b)
		moved = l.steps(b) || moved
		moved = l.tasks(b, now, wall) || moved
		if moved {
			flushed = false
			continue
		}
		if flushed {
			break
		}
		b.lane.Step(now, wall, &node.Input{Kind: node.InFlush})
		flushed = true
	}
	l.transmit(b)
	if l.operations(b) {
		l.end(b)
		return
	}
	l.schedule.want(b.index, min(b.host.NextTimer(), b.lane.Wake()))
}

// answers hands what the lane said to the host.
func (l *loop) answers(b *bot) bool {
	mail := b.lane.Answers()
	some := false
	for in, ok := mail.Pop(); ok; in, ok = mail.Pop() {
		b.host.Deliver(in)
		some = true
	}
	mail.Recycle()
	return some
}

// steps runs the node until nothing is left to do at this time.
func (l *loop) steps(b *bot) bool {
	some := false
	for in, ok := b.host.Step(); ok; in, ok = b.host.Step() {
		b.host.Settle(in)
		some = true
	}
	return some
}

// tasks hands what the node asked for to the lane.
func (l *loop) tasks(b *bot, now node.Time, wall int64) bool {
	mail := b.host.Tasks(client.LaneSession)
	some := false
	for in, ok := mail.Pop(); ok; in, ok = mail.Pop() {
		b.lane.Step(now, wall, in)
		some = true
	}
	mail.Recycle()
	return some
}

// operations tells whether the node has ended; a client has no links, so it asks for nothing else.
func (l *loop) operations(b *bot) (halted bool) {
	for _, op := range b.host.Ops() {
		halted = halted || op.Kind == node.OpHalt
	}
	b.host.Finish()
	return halted
}

// end gives back what the bot holds; its client stays to be asked what it saw.
func (l *loop) end(b *bot) {
	b.ended = true
	l.closeSocket(b)
	l.live--
}
