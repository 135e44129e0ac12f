package node

import "slices"

// Load is what waits in a host, for inspection.
type Load struct {
	Inputs   int // queued for the node, session events included
	Bytes    int // of the queue, those of handled inputs that were not given back included
	Timers   int
	Conns    int // process connections, unfinished handshakes included
	Links    int
	Dials    int // addresses that are dialled until a link stands, and whenever it breaks
	Sessions int // client session epochs that are not settled with the node
}

// Load returns what waits in the host.
func (h *Host) Load() Load {
	return Load{
		Inputs: h.urgent.Len() + h.inbox.Len(), Bytes: h.inbox.Bytes(), Timers: len(h.timers.heap),
		Conns: len(h.conns), Links: len(h.order), Dials: len(h.dials), Sessions: len(h.sessions),
	}
}

// Dead returns the lives that are remembered as dead, oldest first.
func (h *Host) Dead() []Peer { return slices.Clone(h.forgotten) }

// Proven tells whether the process behind a connection has shown that it knows
// the cluster's secret. Until then it may be anybody.
func (h *Host) Proven(conn uint64) bool {
	c := h.conns[conn]
	return c != nil && c.state == connReady
}

// PeerBehind returns which process a connection leads to, as far as it has said;
// the zero Peer where the connection is not there or has said nothing.
func (h *Host) PeerBehind(conn uint64) Peer {
	if c := h.conns[conn]; c != nil {
		return c.peer
	}
	return Peer{}
}
