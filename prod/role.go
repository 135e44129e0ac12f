// Package prod drives nodes in real time: one loop goroutine a role, one
// goroutine a lane, TCP links between processes, client sockets over UDP and
// TCP, and a record store. It adds no semantics: all logic is in node.Host and
// node.LaneHost, which the simulator drives as well.
package prod

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"messiah/core/node"
	"messiah/core/record"
	"messiah/prod/store"
)

// Role is one process to run: a node with its lanes, bound sockets and store.
// From a Start without error on, the process owns the sockets and the store
// and closes them at its end.
type Role struct {
	Host    node.Config // Self, Version, Secret, Delivery, Scribble; Start sets Lanes, Log, Mark and Tape
	Node    node.Node
	Lanes   []node.Lane    // at most MaxLanes
	Links   net.Listener   // accepts connections of other processes; nil: none
	Clients []ClientSocket // client packets and streams; a client's own datagram socket; empty: none

	// Route says which of the lanes takes a client packet: session.ShardOf. The
	// first packet of a stream decides for all of it. Nil: the first lane.
	Route func(packet []byte, lanes int) int

	Store   store.Store  // a db's records, or nil
	Log     *slog.Logger // nil: slog.Default()
	Entropy []byte       // node.EntropySize bytes that no other life of a process had; nil: the system's
	Record  int          // bytes of the latest inputs that are kept for Process.Recording; 0: none
}

// MaxLanes bounds the lanes of one process: an input names its lane in a byte.
const MaxLanes = 256

// ErrKilled is the Err of a process that was ended by Kill.
var ErrKilled = errors.New("prod: the process was killed")

func (r *Role) check() error {
	switch {
	case r.Node == nil:
		return errors.New("prod: a role has no node")
	case len(r.Lanes) > MaxLanes:
		return fmt.Errorf("prod: %d lanes, at most %d", len(r.Lanes), MaxLanes)
	case len(r.Clients) > 0 && len(r.Lanes) == 0:
		return fmt.Errorf("prod: %v has client sockets and no lane to take their packets", r.Host.Self)
	case datagramSockets(r.Clients) > 1:
		return fmt.Errorf("prod: %v has several datagram sockets; an answer could leave through the wrong one", r.Host.Self)
	case r.Entropy != nil && len(r.Entropy) != node.EntropySize:
		return fmt.Errorf("prod: %d bytes of entropy, want %d", len(r.Entropy), node.EntropySize)
	}
	return nil
}

func (r *Role) fill() error {
	if r.Log == nil {
		r.Log = slog.Default()
	}
	if r.Route == nil {
		r.Route = func([]byte, int) int { return 0 }
	}
	if r.Entropy == nil {
		r.Entropy = make([]byte, node.EntropySize)
		if _, err := rand.Read(r.Entropy); err != nil {
			return fmt.Errorf("prod: no entropy: %w", err)
		}
	}
	r.Host.Lanes = len(r.Lanes)
	if r.Record > 0 {
		r.Host.Tape = record.NewRecorder(r.Record, &r.Host)
	}
	return nil
}

func datagramSockets(sockets []ClientSocket) (n int) {
	for _, s := range sockets {
		if s.udp != nil {
			n++
		}
	}
	return n
}
