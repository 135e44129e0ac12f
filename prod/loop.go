package prod

import (
	"errors"
	"time"

	"messiah/core/node"
	"messiah/core/wire"
)

// Bounds of the loop.
const (
	// What waits for the loop. At the bound process connections are not read,
	// and lanes take no packets.
	maxMailbox      = 1 << 14
	maxMailboxBytes = 16 << 20

	// The budget of one turn; then operations and tasks go out and new inputs
	// come in. No more inputs come in than that many handlers take, so that the
	// host's queue is usually empty at a turn's end and uses its room again.
	turnHandlers = 1024
	turnWithin   = 2 * time.Millisecond
	turnLook     = 32 // handlers between two looks at the clock
	frameBytes   = 64 // of a connection's input that count as one handler
)

// loop runs turns until the node halts or the process is killed.
func (p *Process) loop() {
	defer p.waker.stop()
	for p.phase.Load() == phaseRunning {
		p.turn()
		p.waker.sleep(p.wakeAt(), p.ready)
	}
	p.calls.close()
}

// turn is one turn of the host, as package node describes it.
func (p *Process) turn() {
	began := time.Now()
	now := node.Time(began.Sub(p.clock.start))
	p.host.Begin(now, began.UnixNano())
	p.calls.run()
	if !p.held() {
		p.deliver()
		handlers := p.step(began)
		if handlers > 0 {
			p.count.handlers.Add(uint64(handlers))
			if p.host.Pending() {
				p.count.overBudget.Add(1)
			}
		}
	}
	p.carryOut()
	p.host.Finish()
	p.count.turns.Add(1)
	p.count.turn(time.Since(began))
}

// deliver hands the host what waits, until that is a turn's work or the host is full.
func (p *Process) deliver() {
	swapped := false
	for work := 0; work < turnHandlers && !p.host.Full(); work++ {
		in, ok := p.taken.next()
		if !ok {
			if swapped || p.inbox.waiting.Load() == 0 {
				return
			}
			p.inbox.take(&p.taken)
			swapped = true
			continue
		}
		switch in.Kind {
		case node.InConnData:
			work += len(in.Body) / frameBytes
		case node.InConnUp:
			if l := p.linkByID(in.Conn); l != nil {
				p.linkConns[in.Conn] = l
			}
		case node.InConnDown:
			p.forgetLink(in.Conn)
		}
		p.host.Deliver(in)
		if in.Kind == node.InConnData {
			p.noteProof(in.Conn)
		}
	}
}

// step runs handlers within the turn's budget and returns how many.
func (p *Process) step(began time.Time) int {
	for n := range turnHandlers {
		if n%turnLook == turnLook-1 && time.Since(began) > turnWithin {
			return n
		}
		in, ok := p.host.Step()
		if !ok {
			return n
		}
		p.host.Settle(in)
	}
	return turnHandlers
}

// held tells whether a lane has more tasks than it should, which the loop waits for.
func (p *Process) held() bool {
	for _, l := range p.lanes {
		if l.tasks.over.Load() {
			return true
		}
	}
	return false
}

// ready tells whether a turn would find something.
func (p *Process) ready() bool {
	if p.phase.Load() != phaseRunning || p.calls.waiting() {
		return true
	}
	return !p.held() && (p.inbox.waiting.Load() > 0 || !p.taken.empty() || p.host.Pending())
}

func (p *Process) wakeAt() node.Time {
	if p.held() {
		return node.Never
	}
	return p.host.NextTimer()
}

// carryOut does what the turn asked for. Writes of one connection go out in one piece.
func (p *Process) carryOut() {
	ops := p.host.Ops()
	for i := range ops {
		switch op := &ops[i]; op.Kind {
		case node.OpWrite:
			p.writeLink(op.Conn, op.Bytes)
		case node.OpClose:
			p.closeLink(op.Conn)
		case node.OpDial:
			num, addr := op.Num, op.Addr
			p.spawn(func() { p.dialLink(num, addr) })
		case node.OpStore:
			p.storeTake(op.Bytes)
		case node.OpHalt:
			p.halt(op.Addr, op.Clean)
		}
	}
	p.flushLinks()
	for i, l := range p.lanes {
		if tasks := p.host.Tasks(i); tasks.Len() > 0 {
			l.tasks.give(tasks)
		}
	}
	if p.halting {
		// Only now, so that a lane that sees the phase has its last tasks.
		p.phase.CompareAndSwap(phaseRunning, phaseDraining)
	}
}

func (p *Process) halt(reason string, clean bool) {
	p.halting = true
	if clean {
		p.log.line(node.Info, reason)
		return
	}
	p.halted = errors.New("prod: " + p.role.Host.Self.String() + " halted: " + reason)
	p.log.line(node.Warn, "halted", "reason", reason)
}

func (p *Process) storeTake(frame []byte) {
	if p.role.Store != nil {
		p.role.Store.Take(frame)
		return
	}
	p.halting, p.halted = true, errNoStore
}

// storeAnswer queues what the store says as a message from it. It is let in at
// the mailbox's bound: the store's own bound limits what it answers.
func (p *Process) storeAnswer(frame []byte) {
	f, _, err := wire.Split(frame)
	if err != nil {
		p.log.line(node.Error, "the store gave a bad answer", "error", err)
		return
	}
	p.inbox.put(&node.Input{
		Kind: node.InMessage, Type: f.Type, Flags: f.Flags, From: node.NewID(node.Store, 1), Routes: f.Routes, Body: f.Payload,
	}, forces)
}
