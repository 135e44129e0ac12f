package addr

import (
	"strconv"

	"messiah/core/wire"
)

// AddressKind says what an Address is.
type AddressKind uint8

// The kinds of address.
const (
	Nowhere AddressKind = iota
	ToMailbox
	ToProxy
	ToStub
)

// Address is any of the addresses, as the engine passes them on.
type Address struct {
	Kind    AddressKind
	Client  bool // of a proxy: its client is meant, not its entity
	Mailbox Mailbox
	Proxy   Proxy
	Stub    string
}

// Target is what a call may be sent to: a Mailbox, a Proxy or a Stub.
type Target interface{ Address() Address }

// Of returns where a target leads. A target that is none of the three, or nil, is a bug and
// panics: an open call of the interface's method would cost each caller an allocation.
func Of(t Target) Address {
	switch t := t.(type) {
	case Mailbox:
		return t.Address()
	case Proxy:
		return t.Address()
	case Stub:
		return t.Address()
	}
	panic("addr: a target that is no Mailbox, Proxy or Stub")
}

// Address returns the mailbox as an address.
func (m Mailbox) Address() Address { return Address{Kind: ToMailbox, Mailbox: m} }

// Address returns the proxy as an address.
func (p Proxy) Address() Address { return Address{Kind: ToProxy, Proxy: p} }

// IsZero tells whether the mailbox leads nowhere.
func (m Mailbox) IsZero() bool { return m == Mailbox{} }

// IsZero tells whether the proxy leads nowhere.
func (p Proxy) IsZero() bool { return p == Proxy{} }

// Stub addresses a service by its name, wherever in the cluster it lives now.
type Stub string

// Address returns the stub as an address.
func (s Stub) Address() Address { return Address{Kind: ToStub, Stub: string(s)} }

// ShardName returns the name of the i-th shard of a stub, from 0.
func ShardName(stub string, i int) string { return stub + "/" + strconv.Itoa(i) }

// Shard addresses the one of a stub's n shards that a key belongs to, by its FNV-1a hash;
// n is what entity.Shards made of the class.
func Shard(stub string, n int, key string) Stub {
	hash := uint64(14695981039346656037)
	for i := range len(key) {
		hash = (hash ^ uint64(key[i])) * 1099511628211
	}
	return Stub(ShardName(stub, int(hash%uint64(n))))
}

// Code reads or writes the stub's name as one field.
func (s *Stub) Code(c *wire.Coder) { c.String((*string)(s)) }
