package manager

import (
	"slices"

	"messiah/core/node"
	"messiah/core/proto"
)

// Status is what the manager knows, for people, oracles and `admin status`.
type Status struct {
	Step      proto.Step
	Opened    bool
	Settled   bool
	Version   uint64
	Primary   node.Peer
	Processes []ProcessStatus
	Stubs     []proto.StubPlace
	Drained   []Drained // the latest, oldest first
}

// ProcessStatus is one registered process.
type ProcessStatus struct {
	Peer    node.Peer
	Addr    string
	Clients []string
	Ready   bool
	Admits  bool
	Report  proto.Report
	Closed  bool // a game: an operator wants it to take no newcomers
	Drains  bool // and to move everybody away, and leave
	Drain   proto.Draining
}

// Inspect returns a copy of what the manager knows.
func (m *Manager) Inspect() Status {
	s := Status{
		Step: m.step, Opened: m.opened, Settled: m.settled, Version: m.version,
		Primary: m.primary, Stubs: m.directory(), Drained: slices.Clone(m.drained),
	}
	for i := range m.procs {
		p := &m.procs[i]
		// A db has nothing to report: it serves from its registration on.
		ready := p.ready || p.peer.ID.Kind() == node.DB
		s.Processes = append(s.Processes, ProcessStatus{p.peer, p.addr, p.clients, ready, p.admits, p.report, p.closed, p.drains, p.drain})
	}
	return s
}

// ListVersion returns the version of the list that was sent last.
func (m *Manager) ListVersion() uint64 { return m.version }

// HasPrimary tells whether the primary is registered.
func (m *Manager) HasPrimary() bool {
	return slices.ContainsFunc(m.procs, func(p proc) bool { return p.peer == m.primary })
}

// HasStub tells whether a registered process has a stub of that name.
func (m *Manager) HasStub(name string) bool {
	return slices.ContainsFunc(m.procs, func(p proc) bool {
		return slices.ContainsFunc(p.stubs, func(s proto.StubMade) bool { return s.Name == name })
	})
}

// Progress returns the start-up step that the cluster has reached.
func (m *Manager) Progress() proto.Step { return m.step }
