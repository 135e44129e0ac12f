package prod

import (
	"messiah/core/node"
)

// Bounds of what waits for one lane.
const (
	maxTasks       = 1 << 16 // from the loop, which at the bound takes no inputs until there is room
	maxTaskBytes   = 32 << 20
	maxPackets     = 1 << 13 // from the network: at the bound datagrams are dropped and streams not read
	maxPacketBytes = 8 << 20

	laneBatch = 256 // tasks, and as many packets, between two flushes
)

// lane drives one lane on a goroutine of its own.
//
// A lane never waits for the loop: it always takes tasks, and takes packets only
// while the loop's mailbox has room. The loop never waits for a lane either: it
// takes no inputs while a lane's tasks are at their bound, which only that
// lane's work is needed to end. So neither can stop both.
type lane struct {
	p       *Process
	host    *node.LaneHost
	waker   *waker
	tasks   *mailbox
	packets *mailbox
	calls   calls

	taken   [2]intake // tasks, packets
	streams map[uint32]*stream
	dirty   []*stream
	udp     *datagramWriter // nil without a datagram socket
	own     node.Input      // what the driver itself says
}

func newLane(p *Process, i int, l node.Lane) *lane {
	one := &lane{p: p, waker: newWaker(p.clock), streams: map[uint32]*stream{}}
	one.host = node.NewLaneHost(l, i, p.role.Entropy, p.role.Host.Mark)
	one.tasks = newMailbox(maxTasks, maxTaskBytes, one.waker)
	one.tasks.onRoom = p.waker.poke
	one.packets = newMailbox(maxPackets, maxPacketBytes, one.waker)
	return one
}

// laneFor returns the lane that a client's packet belongs to.
func (p *Process) laneFor(packet []byte) *lane {
	return p.lanes[p.role.Route(packet, len(p.lanes))]
}

// run is the lane's goroutine.
func (l *lane) run() {
	defer l.waker.stop()
	now, wall := l.p.clock.read()
	l.host.Step(now, wall, &node.Input{Kind: node.InStart, Body: append([]byte(nil), l.p.role.Entropy...)})
	l.settle(now, wall)
	for l.p.phase.Load() < phaseDead {
		l.calls.run()
		draining := l.p.phase.Load() != phaseRunning
		if l.batch(draining) {
			continue
		}
		if draining {
			break // the loop has given its last tasks before it said so
		}
		l.waker.sleep(l.host.Wake(), l.ready)
	}
	l.calls.close()
	for _, s := range l.streams {
		s.close()
	}
}

// ready tells whether a batch would find something.
func (l *lane) ready() bool {
	if l.tasks.waiting.Load() > 0 || l.calls.waiting() || l.p.phase.Load() != phaseRunning {
		return true
	}
	if l.packets.waiting.Load() > 0 && !l.p.inbox.over.Load() {
		return true
	}
	now, _ := l.p.clock.read()
	return l.host.Wake() <= now
}

// batch handles some of what waits and sends what comes of it, packets only
// while the process is not ending. False says that there was nothing.
func (l *lane) batch(draining bool) bool {
	if l.taken[0].empty() && l.tasks.waiting.Load() > 0 {
		l.tasks.take(&l.taken[0])
	}
	if !draining && l.taken[1].empty() && l.packets.waiting.Load() > 0 && !l.p.inbox.over.Load() {
		l.packets.take(&l.taken[1])
	}
	now, wall := l.p.clock.read()
	done := 0
	if l.host.Wake() <= now {
		l.say(now, wall, node.InWake)
		done++
	}
	inputs := 0
	for i := range l.taken {
		for range laneBatch {
			in, ok := l.taken[i].next()
			if !ok {
				break
			}
			l.handle(now, wall, in)
			inputs++
		}
	}
	if done += inputs; done == 0 {
		return false
	}
	l.p.count.laneInputs.Add(uint64(inputs))
	l.settle(now, wall)
	return true
}

// settle ends a batch: what it left to send leaves, what it answered goes to the loop.
func (l *lane) settle(now node.Time, wall int64) {
	l.say(now, wall, node.InFlush)
	l.send()
	if answers := l.host.Answers(); answers.Len() > 0 {
		l.p.inbox.give(answers)
	}
}

func (l *lane) say(now node.Time, wall int64, kind node.InputKind) {
	l.own = node.Input{Kind: kind}
	l.host.Step(now, wall, &l.own)
}

// handle steps one input. Of a stream that the lane has closed it hears nothing more.
func (l *lane) handle(now node.Time, wall int64, in *node.Input) {
	num := in.Endpoint.Stream
	if num != 0 && in.Kind != node.InTask {
		if in.Kind == node.InStreamUp && num&acceptedStream != 0 {
			if s := l.p.acceptedByNum(num); s != nil {
				l.streams[num] = s
			}
		}
		if l.streams[num] == nil {
			return
		}
	}
	l.host.Step(now, wall, in)
	if in.Kind == node.InStreamDown {
		delete(l.streams, num)
	}
	if l.p.role.Host.Scribble {
		for i := range in.Body {
			in.Body[i] = 0xa5
		}
	}
}

// send hands the batch's packets to their sockets.
func (l *lane) send() {
	packets := l.host.Packets()
	if len(packets) == 0 {
		return
	}
	count, bytes, dropped := 0, 0, 0
	for i := range packets {
		p := &packets[i]
		if p.Endpoint.Stream == 0 {
			continue
		}
		s := l.streams[p.Endpoint.Stream]
		switch {
		case p.Dial:
			l.dial(p.Endpoint)
		case s == nil && p.Close: // it has ended already
		case s == nil:
			dropped++
		case p.Close:
			delete(l.streams, p.Endpoint.Stream)
			s.close()
		default:
			s.write(p.Bytes)
			count++
			bytes += len(p.Bytes)
			if !s.dirty {
				s.dirty = true
				l.dirty = append(l.dirty, s)
			}
		}
	}
	for i, s := range l.dirty {
		s.flush()
		l.dirty[i] = nil
	}
	l.dirty = l.dirty[:0]
	if l.udp != nil {
		l.udp.send(packets)
	}
	l.host.Sent()
	l.p.count.packetsOut.Add(uint64(count))
	l.p.count.packetBytesOut.Add(uint64(bytes))
	l.p.count.packetsDropped.Add(uint64(dropped))
}

// dial makes a stream by the lane's own number; one that is in use is answered by its end.
func (l *lane) dial(to node.Endpoint) {
	if to.Stream&acceptedStream != 0 || l.streams[to.Stream] != nil {
		l.packets.put(&node.Input{Kind: node.InStreamDown, Endpoint: to}, forces)
		return
	}
	s := &stream{p: l.p, at: to, lane: l}
	l.streams[to.Stream] = s
	l.p.spawn(s.dial)
}
