package sim

import "messiah/core/node"

// truth checks what nodes hear of their client sessions against what their
// lanes said had happened.
type truth struct {
	deaf
	w     *World
	alive map[sessionOf]bool // begun, and whether the end was said
	heard map[sessionOf]bool // the node has handled the beginning and not the end
	due   map[uint32]int     // by process: beginnings and ends that are to be handled ahead of all else
}

// sessionOf is a session epoch at one life of a process.
type sessionOf struct {
	process uint32
	life    uint32
	session node.Session
}

func newTruth(w *World) *truth {
	return &truth{w: w, alive: map[sessionOf]bool{}, heard: map[sessionOf]bool{}, due: map[uint32]int{}}
}

func (o *truth) key(p *process, in *node.Input) sessionOf {
	return sessionOf{p.index, p.life, in.Session}
}

func (o *truth) Delivered(p *process, in *node.Input) {
	k := o.key(p, in)
	switch in.Kind {
	case node.InConnected:
		o.alive[k] = true
		o.due[p.index]++
	case node.InDisconnected:
		switch {
		case o.heard[k]:
			o.due[p.index]++
		case o.alive[k]:
			o.due[p.index]-- // both are withdrawn
		}
		o.alive[k] = false
	}
}

func (o *truth) Handled(p *process, in *node.Input) {
	switch in.Kind {
	case node.InConnected, node.InDisconnected:
		o.due[p.index]--
	default:
		if n := o.due[p.index]; n > 0 && p.cfg.Delivery == node.Immediate {
			o.w.Violate("connection-truth", "%v handled %v ahead of %d beginnings or ends of sessions", p.id, in.Kind, n)
		}
		if in.Kind != node.InClient {
			return
		}
	}
	k := o.key(p, in)
	alive, known := o.alive[k]
	immediate := p.cfg.Delivery == node.Immediate
	switch {
	case !known:
		o.w.Violate("connection-truth", "%v handled %v of session %v, which never began", p.id, in.Kind, in.Session)
	case in.Kind == node.InClient:
		if immediate && !alive {
			o.w.Violate("connection-truth", "%v handled a message of session %v, which has ended", p.id, in.Session)
		}
	case in.Kind == node.InConnected:
		o.connected(p, in, alive, immediate)
	default:
		if !o.heard[k] {
			o.w.Violate("connection-truth", "%v heard the end of session %v without its beginning, or twice", p.id, in.Session)
		}
		delete(o.heard, k)
		delete(o.alive, k)
	}
}

func (o *truth) connected(p *process, in *node.Input, alive, immediate bool) {
	k := o.key(p, in)
	switch {
	case immediate && !alive:
		o.w.Violate("connection-truth", "%v heard that session %v began after it had ended", p.id, in.Session)
	case in.Alive() != alive:
		o.w.Violate("connection-truth", "%v heard that session %v is alive=%v, and it is %v", p.id, in.Session, in.Alive(), alive)
	case o.heard[k]:
		o.w.Violate("connection-truth", "%v heard the beginning of session %v twice", p.id, in.Session)
	}
	o.heard[k] = true
}

// Ended forgets the sessions of a life that is over.
func (o *truth) Ended(p *process) {
	drop := func(m map[sessionOf]bool) {
		for k := range m {
			if k.process == p.index {
				delete(m, k)
			}
		}
	}
	delete(o.due, p.index)
	drop(o.alive)
	drop(o.heard)
}

// Empty wants every beginning that was heard to have had its end.
func (o *truth) Empty() {
	n := 0
	for range o.heard {
		n++
	}
	if n > 0 {
		o.w.Violate("connection-truth", "%d sessions were never said to have ended", n)
	}
}
