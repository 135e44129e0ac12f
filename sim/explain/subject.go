// Package explain says why a run ended as it did: it cuts what led to a failure out
// of the run's chronicle and shows it as text, as a mermaid diagram, and as one
// page for a browser.
package explain

import (
	"reflect"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/sim"
)

// Subject says whom an entry is about; zero fields say nothing.
type Subject struct {
	Client  node.ID
	Account string
	Call    uint64 // the number of a client message
}

// seat is a name that one life of a gate gave to a client: a session or a route.
type seat struct {
	gate  node.ID
	place uint64
}

// subjects finds out whom each entry is about, in the chronicle's order: from what
// the entry says itself, from the names that gates gave, and from its cause.
type subjects struct {
	of       map[uint64]Subject // by entry number
	sessions map[seat]node.ID
	routes   map[seat]node.ID
	accounts map[node.ID]string
	owners   map[string]node.ID // by account, the latest login's
}

// Subjects returns whom each entry of a chronicle is about, by the entry's number.
func Subjects(c *sim.Chronicle) map[uint64]Subject {
	s := subjects{
		of: map[uint64]Subject{}, sessions: map[seat]node.ID{}, routes: map[seat]node.ID{},
		accounts: map[node.ID]string{}, owners: map[string]node.ID{},
	}
	entries := c.Entries()
	for i := range entries {
		if who := s.find(&entries[i]); who != (Subject{}) {
			s.of[entries[i].Num] = who
		}
	}
	return s.of
}

func (s *subjects) find(e *sim.Entry) Subject {
	m, call := e.Message()
	who := Subject{Call: call}
	if e.Where.Kind() == node.Client {
		who.Client = e.Where
	}
	account, route := named(m)
	if login, ok := m.(*proto.Login); ok && who.Client != 0 {
		s.accounts[who.Client], s.owners[login.Account] = login.Account, who.Client
	}
	from := s.of[e.Cause]
	if e.Where.Kind() == node.Gate {
		who.Client = s.atGate(e, from.Client)
	}
	gate := e.Where
	if gate.Kind() != node.Gate {
		gate = e.Input.From
	}
	if e.Input.NumRoutes() > 0 {
		route = e.Input.Route(0)
	}
	if at := (seat{gate, route}); route != 0 && who.Client == 0 {
		if who.Client = s.routes[at]; who.Client == 0 && from.Client != 0 {
			who.Client = from.Client
			s.routes[at] = from.Client
		}
	}
	if who.Client == 0 && account != "" {
		who.Client = s.owners[account]
	}
	if who.Client == 0 && inherits(e) {
		who.Client = from.Client
	}
	if who.Account = account; account == "" {
		who.Account = s.accounts[who.Client]
	}
	return who
}

// atGate finds the client of a session, and learns who has it from where it came.
func (s *subjects) atGate(e *sim.Entry, from node.ID) node.ID {
	if e.Input.Session == 0 {
		switch e.Input.Kind {
		case node.InPacket, node.InStreamDown, node.InWake:
			return from
		}
		return 0
	}
	at := seat{e.Where, uint64(e.Input.Session)}
	if known := s.sessions[at]; known != 0 {
		return known
	}
	if from != 0 && e.Input.Kind != node.InTask {
		s.sessions[at] = from
	}
	return from
}

// inherits tells whether an entry is about whom its cause is about.
func inherits(e *sim.Entry) bool {
	switch e.Sort {
	case sim.Stored, sim.Flushed:
		return true
	case sim.Handled:
		switch e.Input.Kind {
		case node.InMessage, node.InTask, node.InAnswer, node.InUndelivered:
			return true
		}
	}
	return false
}

// named returns the account and the route that a message names.
func named(m node.Message) (account string, route uint64) {
	if m == nil {
		return "", 0
	}
	v := reflect.ValueOf(m).Elem()
	if f := v.FieldByName("Account"); f.IsValid() {
		account = f.String()
	}
	if f := v.FieldByName("Route"); f.IsValid() {
		route = f.Uint()
	}
	return account, route
}
