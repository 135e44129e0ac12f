package prod

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"messiah/core/node"
)

// The phases of a process, in order.
const (
	phaseRunning  int32 = iota
	phaseDraining       // the node has ended; what it wrote goes out
	phaseDead
)

// Process is a running role.
type Process struct {
	role  Role
	clock clock
	log   *limiter
	count counters
	phase atomic.Int32
	quit  chan struct{} // closed when the loop has ended
	done  chan struct{}
	err   error          // good once done is closed
	wg    sync.WaitGroup // all goroutines but the loop and the lanes

	lanes   []*lane
	laneWG  sync.WaitGroup
	links   linkSet
	streams streamSet

	// In front of the loop.
	inbox *mailbox
	waker *waker
	calls calls

	// Of the loop alone.
	host       *node.Host
	taken      intake
	linkConns  map[uint64]*linkConn // those that the host has heard of and not closed
	lastLink   *linkConn
	dirtyLinks []*linkConn
	halting    bool
	halted     error // why, unless it is clean
}

// Start runs a role. The caller still owns the sockets and the store if it fails.
func Start(r Role) (*Process, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if err := r.fill(); err != nil {
		return nil, err
	}
	p := &Process{
		role: r, clock: clock{time.Now()}, log: newLimiter(r.Log, r.Host.Self),
		quit: make(chan struct{}), done: make(chan struct{}), linkConns: map[uint64]*linkConn{},
	}
	p.links.init()
	p.streams.init()
	p.waker = newWaker(p.clock)
	p.inbox = newMailbox(maxMailbox, maxMailboxBytes, p.waker)
	p.inbox.onRoom = p.pokeLanes
	p.role.Host.Log, p.role.Host.Mark = p.log.line, p.log.mark
	p.host = node.NewHost(p.role.Host, r.Node, p.role.Entropy)
	for i, l := range r.Lanes {
		p.lanes = append(p.lanes, newLane(p, i, l))
	}
	p.listen()
	for _, l := range p.lanes {
		p.laneWG.Go(l.run)
	}
	go p.run()
	return p, nil
}

// listen starts the goroutines that wait for the network and the store.
func (p *Process) listen() {
	if p.role.Store != nil {
		p.role.Store.Start(p.storeAnswer)
	}
	for _, s := range p.role.Clients {
		switch {
		case s.udp != nil:
			for _, l := range p.lanes {
				l.udp = newDatagramWriter(p, s.udp)
			}
			p.spawn(func() { p.readDatagrams(s.udp) })
		case s.tcp != nil:
			p.spawn(func() { p.acceptStreams(s.tcp) })
		}
	}
	if l := p.role.Links; l != nil {
		p.spawn(func() { p.acceptLinks(l) })
	}
}

func (p *Process) spawn(f func()) { p.wg.Go(f) }

// Self returns which life of which process this is.
func (p *Process) Self() node.Peer { return p.host.Self() }

// Stop asks the node to drain and end; Done tells when it has.
func (p *Process) Stop() { p.inbox.put(&node.Input{Kind: node.InStop}, forces) }

// Kill ends the process at once, as a crash does: without a word to anybody.
func (p *Process) Kill() {
	p.phase.Store(phaseDead)
	p.slam()
	p.waker.poke()
	p.pokeLanes()
}

// Done is closed when all goroutines of the process have ended and its sockets and store are closed.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err returns nil while the process runs and after a clean end; else why it halted, or ErrKilled.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Do runs f on the loop between two turns, and returns when it has run or the
// process has ended. It must not be called from the loop itself.
func (p *Process) Do(f func(h *node.Host)) { p.calls.do(func() { f(p.host) }, p.waker) }

// DoLane runs f on the goroutine of the i-th lane between two batches, and
// returns when it has run or the process has ended. It must not be called from the lane itself.
func (p *Process) DoLane(i int, f func(*node.LaneHost)) {
	l := p.lanes[i]
	l.calls.do(func() { f(l.host) }, l.waker)
}

// Lanes returns how many lanes the process has.
func (p *Process) Lanes() int { return len(p.lanes) }

// Counters returns a snapshot of what the process has done.
func (p *Process) Counters() Counters {
	s := p.count.snapshot()
	s.Mailbox = int(p.inbox.waiting.Load())
	for _, l := range p.lanes {
		s.LaneTasks = append(s.LaneTasks, int(l.tasks.waiting.Load()))
		s.LanePackets = append(s.LanePackets, int(l.packets.waiting.Load()))
	}
	return s
}

func (p *Process) pokeLanes() {
	for _, l := range p.lanes {
		l.waker.poke()
	}
}

// run is the life of the process after its start.
func (p *Process) run() {
	p.loop()
	p.pokeLanes()
	p.laneWG.Wait()
	close(p.quit)
	p.links.stopDial()
	p.inbox.close()
	for _, l := range p.lanes {
		l.tasks.close()
		l.packets.close()
	}
	if p.phase.Load() == phaseDead {
		p.slam()
	} else {
		p.leave()
	}
	p.wg.Wait()
	p.err = p.halted
	if p.err == nil && p.phase.Load() == phaseDead {
		p.err = ErrKilled
	}
	if p.role.Store != nil {
		if err := p.role.Store.Close(); p.err == nil && err != nil {
			p.err = err
		}
	}
	p.log.rest()
	close(p.done)
}

// leave closes everything behind what was written.
func (p *Process) leave() {
	links, streams := p.closeSockets()
	for _, l := range links {
		l.closed.Store(true)
		l.out.end()
	}
	for _, s := range streams {
		s.close()
	}
}

// slam closes everything at once.
func (p *Process) slam() {
	p.links.stopDial()
	links, streams := p.closeSockets()
	for _, l := range links {
		_ = l.conn.Close()
	}
	for _, s := range streams {
		_ = s.conn.Close()
	}
}

// closeSockets ends all listening, lets no connection in any more, and returns those that are there.
func (p *Process) closeSockets() (links []*linkConn, streams []*stream) {
	if p.role.Links != nil {
		_ = p.role.Links.Close()
	}
	for _, s := range p.role.Clients {
		_ = s.Close()
	}
	p.links.mu.Lock()
	p.links.closed = true
	for _, l := range p.links.conns {
		links = append(links, l)
	}
	p.links.mu.Unlock()
	p.streams.mu.Lock()
	p.streams.closed = true
	for s := range p.streams.all {
		streams = append(streams, s)
	}
	p.streams.mu.Unlock()
	return links, streams
}

// errNoStore is why a node without a store that asks it halts.
var errNoStore = errors.New("prod: the node uses a record store and has none")
