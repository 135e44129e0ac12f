package sim

import (
	"fmt"

	"messiah/core/node"
	"messiah/core/ordered"
)

// truth checks what nodes hear of their client sessions against what their
// lanes said had happened.
type truth struct {
	deaf
	w  *World
	by []truthOf // by process
}

// truthOf is what is known of the sessions at the present life of a process.
type truthOf struct {
	due    int // beginnings and ends that are to be handled ahead of all else
	epochs map[node.Session]epoch
}

// epoch is one session epoch that has begun, and whose end was not handled.
type epoch struct {
	alive bool // its end was not said
	heard bool // the node has handled its beginning
}

// sessionOf is a session epoch at one life of a process.
type sessionOf struct {
	process uint32
	life    uint32
	session node.Session
}

func newTruth(w *World) *truth { return &truth{w: w} }

func (o *truth) of(p *process) *truthOf {
	for int(p.index) >= len(o.by) {
		o.by = append(o.by, truthOf{})
	}
	return &o.by[p.index]
}

func (t *truthOf) set(s node.Session, e epoch) {
	if t.epochs == nil {
		t.epochs = map[node.Session]epoch{}
	}
	t.epochs[s] = e
}

func (o *truth) Delivered(p *process, in *node.Input) {
	if in.Kind != node.InConnected && in.Kind != node.InDisconnected {
		return
	}
	t := o.of(p)
	e := t.epochs[in.Session]
	switch {
	case in.Kind == node.InConnected:
		t.due++
	case e.heard:
		t.due++
	case e.alive:
		t.due-- // both are withdrawn
	}
	e.alive = in.Kind == node.InConnected
	t.set(in.Session, e)
}

func (o *truth) Handled(p *process, in *node.Input) {
	t := o.of(p)
	immediate := p.cfg.Delivery == node.Immediate
	switch in.Kind {
	case node.InConnected, node.InDisconnected:
		t.due--
	default:
		if t.due > 0 && immediate {
			o.w.Violate("connection-truth", "%v handled %v ahead of %d beginnings or ends of sessions", p.id, in.Kind, t.due)
		}
		if in.Kind != node.InClient {
			return
		}
	}
	e, known := t.epochs[in.Session]
	switch {
	case !known:
		o.w.Violate("connection-truth", "%v handled %v of session %v, which never began", p.id, in.Kind, in.Session)
	case in.Kind == node.InClient:
		if immediate && !e.alive {
			o.w.Violate("connection-truth", "%v handled a message of session %v, which has ended", p.id, in.Session)
		}
	case in.Kind == node.InConnected:
		o.connected(p, in, e, immediate)
		e.heard = true
		t.set(in.Session, e)
	default:
		if !e.heard {
			o.w.Violate("connection-truth", "%v heard the end of session %v without its beginning, or twice", p.id, in.Session)
		}
		delete(t.epochs, in.Session)
	}
}

func (o *truth) connected(p *process, in *node.Input, e epoch, immediate bool) {
	switch {
	case immediate && !e.alive:
		o.w.Violate("connection-truth", "%v heard that session %v began after it had ended", p.id, in.Session)
	case in.Alive() != e.alive:
		o.w.Violate("connection-truth", "%v heard that session %v is alive=%v, and it is %v", p.id, in.Session, in.Alive(), e.alive)
	case e.heard:
		o.w.Violate("connection-truth", "%v heard the beginning of session %v twice", p.id, in.Session)
	}
}

// Ended forgets the sessions of a life that is over.
func (o *truth) Ended(p *process) { *o.of(p) = truthOf{} }

// Empty wants every beginning that was heard to have had its end.
func (o *truth) Empty() {
	n := 0
	for i := range o.by {
		for _, s := range ordered.Keys(o.by[i].epochs) {
			if o.by[i].epochs[s].heard {
				n++
			}
		}
	}
	if n > 0 {
		o.w.Violate("connection-truth", "%d sessions were never said to have ended", n)
	}
}

func (o *truth) remembers(dst []byte) []byte {
	for i, t := range o.by {
		if t.due != 0 || len(t.epochs) > 0 {
			dst = fmt.Appendf(dst, "%d %d %d %v ", i, o.w.procs[i].life, t.due, t.epochs)
		}
	}
	return dst
}
