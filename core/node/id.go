package node

import (
	"fmt"
	"strconv"
	"strings"

	"messiah/core/wire"
)

// Kind says which role a node plays.
type Kind uint8

// The kinds of node. Store is the record store behind the database manager,
// a peer outside the cluster that answers by message.
const (
	KindNone Kind = iota
	Manager
	DB
	Gate
	Game
	Client
	Store
	kindEnd
)

var kindNames = [kindEnd]string{"none", "manager", "db", "gate", "game", "client", "store"}

// String returns the kind as it stands in node names: "gate".
func (k Kind) String() string {
	if k < kindEnd {
		return kindNames[k]
	}
	return "kind" + strconv.Itoa(int(k))
}

// ID names a node for as long as the cluster is configured so: a restarted
// process keeps its ID and gets a new Incarnation. The kind is in the top
// eight bits, the index (from 1) in the rest.
type ID uint32

// MaxIndex is the largest index within a kind.
const MaxIndex = 1<<24 - 1

// NewID returns the ID of the index-th node of a kind; the index counts from 1.
func NewID(k Kind, index int) ID { return ID(uint32(k)<<24 | uint32(index)&MaxIndex) }

// Kind returns the role that the node plays.
func (id ID) Kind() Kind { return Kind(id >> 24) }

// Index returns the node's number within its kind, from 1.
func (id ID) Index() int { return int(id & MaxIndex) }

// String returns the node's name, for example "gate2".
func (id ID) String() string {
	if id == 0 {
		return "nobody"
	}
	return id.Kind().String() + strconv.Itoa(id.Index())
}

// Code reads or writes the ID as one field.
func (id *ID) Code(c *wire.Coder) { c.Uint32((*uint32)(id)) }

// ParseID reads a name as String writes it.
func ParseID(name string) (ID, error) {
	for k := Manager; k < kindEnd; k++ {
		digits, ok := strings.CutPrefix(name, kindNames[k])
		if !ok || digits == "" {
			continue
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > MaxIndex || strconv.Itoa(n) != digits {
			return 0, fmt.Errorf("node: %q has no index between 1 and %d", name, MaxIndex)
		}
		return NewID(k, n), nil
	}
	return 0, fmt.Errorf("node: %q names no node; a name is a role and a number, as in gate2", name)
}

// Incarnation tells one life of a process from the next. It is drawn from the
// start entropy and is never zero.
type Incarnation uint64

// String returns the incarnation as 16 hexadecimal digits.
func (i Incarnation) String() string { return fmt.Sprintf("%016x", uint64(i)) }

// Code reads or writes the incarnation as one field.
func (i *Incarnation) Code(c *wire.Coder) { c.Uint64((*uint64)(i)) }

// Peer is one life of one process.
type Peer struct {
	ID  ID
	Inc Incarnation
}

// Code reads or writes the peer as two fields.
func (p *Peer) Code(c *wire.Coder) {
	p.ID.Code(c)
	p.Inc.Code(c)
}

// Session names one epoch of one client connection at one gate: the shard (a
// lane) in the top 8 bits, the epoch in the middle 32, the slot within the
// shard in the low 24. A slot is used again, an epoch never.
type Session uint64

// NewSession composes a session name.
func NewSession(shard, slot int, epoch uint32) Session {
	return Session(uint64(shard)<<56 | uint64(epoch)<<24 | uint64(slot)&0xffffff)
}

// Shard returns the lane that owns the session.
func (s Session) Shard() int { return int(s >> 56) }

// Slot returns the place within the shard.
func (s Session) Slot() int { return int(s & 0xffffff) }

// Epoch returns which use of the slot this is, from 1.
func (s Session) Epoch() uint32 { return uint32(s >> 24) }

// String returns shard, slot and epoch, for example "s0.12#3".
func (s Session) String() string {
	return fmt.Sprintf("s%d.%d#%d", s.Shard(), s.Slot(), s.Epoch())
}

// Endpoint is where packets of one client come from and go to. A stream
// transport (TCP) has a non-zero Stream, the driver's number of the connection.
type Endpoint struct {
	IP     [16]byte
	Port   uint16
	Stream uint32
}

// Code reads or writes the endpoint as three fields.
func (e *Endpoint) Code(c *wire.Coder) {
	c.Bytes16(&e.IP)
	c.Uint16(&e.Port)
	c.Uint32(&e.Stream)
}
