package proto

import (
	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/wire"
)

// Step is one of the nine steps in which a cluster starts.
type Step uint8

// The nine steps of the source notes.
const (
	StepStarted        Step = 1 + iota // processes start
	StepRegistered                     // each has registered with the manager
	StepGameList                       // the manager has broadcast the game list
	StepGatesConnected                 // each gate is connected to every game
	StepServerOpen                     // the server-open logic has run on every game
	StepReported                       // games and gates have reported completion
	StepPrimary                        // one game is the primary
	StepStubs                          // the primary has created every stub
	StepAdmit                          // the gates admit logins
)

var stepNames = [...]string{
	"", "started", "registered", "game-list", "gates-connected", "server-open", "reported", "primary", "stubs", "admit",
}

// String returns the step's name.
func (s Step) String() string {
	if s >= StepStarted && s <= StepAdmit {
		return stepNames[s]
	}
	return "none"
}

// Register is the first thing that a process tells the manager on a new link;
// after a manager's restart it carries all that the manager needs to know again.
type Register struct {
	Addr    string      // where the process accepts links; empty if nowhere
	Clients []string    // where a gate accepts clients: "kcp://host:port", "tcp://host:port"
	List    uint64      // the list version that the process is ready for, 0 if none
	Opened  bool        // a game's server-open logic has run; a gate admits logins
	Classes []string    // names of the stubs that a game can create
	Stubs   []StubMade  // the stubs that live on a game
	Linked  []node.Peer // the lives of processes that it has links to
	Closed  bool        // a game was closed by an operator
	Drains  bool        // and is drained
	Edition uint64      // of a game's code: of two builds the newer one has the greater
	Dead    []node.Peer // the lives that it has heard are dead, and has no more to do with
}

// Type returns the message's number.
func (*Register) Type() uint16 { return TypeRegister }

// Code reads or writes the message.
func (m *Register) Code(c *wire.Coder) {
	c.String(&m.Addr)
	names(c, &m.Clients)
	c.Uint64(&m.List)
	c.Bool(&m.Opened)
	names(c, &m.Classes)
	stubs(c, &m.Stubs)
	peers(c, &m.Linked)
	c.Bool(&m.Closed)
	c.Bool(&m.Drains)
	c.Uint64(&m.Edition)
	peers(c, &m.Dead)
}

func peers(c *wire.Coder, list *[]node.Peer) {
	wire.Slice(c, list, func(c *wire.Coder, one *node.Peer) { c.Struct(one) })
}

// Process is one live process as the manager lists it.
type Process struct {
	Peer   node.Peer
	Addr   string
	Ready  bool // it has reported completion: avatars may be created on a game
	Closed bool // an operator wants a game to take no newcomers

	Edition uint64 // of a game's code: of two builds the newer one has the greater
}

// Open tells whether the process is a game that takes newcomers.
func (p *Process) Open() bool { return p.Peer.ID.Kind() == node.Game && p.Ready && !p.Closed }

// Code reads or writes the process.
func (p *Process) Code(c *wire.Coder) {
	p.Peer.Code(c)
	c.String(&p.Addr)
	c.Bool(&p.Ready)
	c.Bool(&p.Closed)
	c.Uint64(&p.Edition)
}

// StubMade is one stub that lives on a game.
type StubMade struct {
	Name        string
	Entity      addr.EntityID
	Incarnation uint64
}

// Code reads or writes the stub.
func (s *StubMade) Code(c *wire.Coder) {
	c.String(&s.Name)
	s.Entity.Code(c)
	c.Uint64(&s.Incarnation)
}

func stubs(c *wire.Coder, list *[]StubMade) {
	wire.Slice(c, list, func(c *wire.Coder, one *StubMade) { c.Struct(one) })
}

// StubPlace says on which game a stub lives.
type StubPlace struct {
	Stub StubMade
	Game node.Peer
}

// Code reads or writes the place.
func (p *StubPlace) Code(c *wire.Coder) {
	p.Stub.Code(c)
	p.Game.Code(c)
}

// Processes is the manager's list, sent to everybody at each change. A process
// in Dead is dead for good. Once the list is Settled, a process that it does
// not name is dead as well.
type Processes struct {
	Version uint64
	Live    []Process
	Dead    []node.Peer
	Stubs   []StubPlace
	Settled bool
}

// Type returns the message's number.
func (*Processes) Type() uint16 { return TypeProcesses }

// Code reads or writes the message.
func (m *Processes) Code(c *wire.Coder) {
	c.Uint64(&m.Version)
	wire.Slice(c, &m.Live, func(c *wire.Coder, one *Process) { c.Struct(one) })
	peers(c, &m.Dead)
	wire.Slice(c, &m.Stubs, func(c *wire.Coder, one *StubPlace) { c.Struct(one) })
	c.Bool(&m.Settled)
}

// GateConnected is what a gate tells each game once it is connected to every
// game of a list version.
type GateConnected struct{ Version uint64 }

// Type returns the message's number.
func (*GateConnected) Type() uint16 { return TypeGateConnected }

// Code reads or writes the message.
func (m *GateConnected) Code(c *wire.Coder) { c.Uint64(&m.Version) }

// Ready reports completion for a list version: a gate is connected to every
// game of it; a game's server-open logic has run and every gate of it is connected.
type Ready struct{ Version uint64 }

// Type returns the message's number.
func (*Ready) Type() uint16 { return TypeReady }

// Code reads or writes the message.
func (m *Ready) Code(c *wire.Coder) { c.Uint64(&m.Version) }

// BePrimary makes a game the primary: it creates the stubs named.
type BePrimary struct{ Missing []string }

// Type returns the message's number.
func (*BePrimary) Type() uint16 { return TypeBePrimary }

// Code reads or writes the message.
func (m *BePrimary) Code(c *wire.Coder) { names(c, &m.Missing) }

// StubsMade reports all the stubs that live on a game.
type StubsMade struct{ Stubs []StubMade }

// Type returns the message's number.
func (*StubsMade) Type() uint16 { return TypeStubsMade }

// Code reads or writes the message.
func (m *StubsMade) Code(c *wire.Coder) { stubs(c, &m.Stubs) }

// Admit opens or closes a gate for logins; players who are in stay in.
type Admit struct{ Open bool }

// Type returns the message's number.
func (*Admit) Type() uint16 { return TypeAdmit }

// Code reads or writes the message.
func (m *Admit) Code(c *wire.Coder) { c.Bool(&m.Open) }

// Leave tells the manager that a process ends in good order.
type Leave struct{}

// Type returns the message's number.
func (*Leave) Type() uint16 { return TypeLeave }

// Code reads or writes the message.
func (*Leave) Code(*wire.Coder) {}

// Report is a process's regular word on how it does, for status and balancing.
type Report struct {
	Sessions  uint64 // client sessions, on a gate
	Avatars   uint64 // avatars, on a game
	Records   uint64 // records claimed, on a db
	Handled   uint64 // inputs handled since start
	Withdrawn uint64 // inputs of ended sessions taken back
	Refused   uint64 // logins refused
}

// Type returns the message's number.
func (*Report) Type() uint16 { return TypeReport }

// Code reads or writes the message.
func (m *Report) Code(c *wire.Coder) {
	c.Uint64(&m.Sessions)
	c.Uint64(&m.Avatars)
	c.Uint64(&m.Records)
	c.Uint64(&m.Handled)
	c.Uint64(&m.Withdrawn)
	c.Uint64(&m.Refused)
}

// Kick asks the gates to end a client's session, by account or client id.
type Kick struct {
	Client string
	Reason string
}

// Type returns the message's number.
func (*Kick) Type() uint16 { return TypeKick }

// Code reads or writes the message.
func (m *Kick) Code(c *wire.Coder) {
	c.String(&m.Client)
	c.String(&m.Reason)
}
