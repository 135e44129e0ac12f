package proto

import "messiah/core/wire"

// Query asks the db which records of a class have a field of a value; with no
// Field, which records of the class there are. The answer is a hint: it is what
// was committed a moment ago, and what was changed in memory since is not in it.
// Whoever acts on a record claims it first.
type Query struct {
	Num   uint64 // the game's own, echoed
	Class string
	Field string
	Value string
	Limit uint32 // 0 and more than MaxFound are MaxFound
}

// Type returns the message's number.
func (*Query) Type() uint16 { return TypeQuery }

// Code reads or writes the message.
func (m *Query) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	c.String(&m.Class)
	c.String(&m.Field)
	c.String(&m.Value)
	c.Uint32(&m.Limit)
}

// Found answers a Query: the records in the order of their keys.
type Found struct {
	Num    uint64
	Keys   []FoundRecord
	More   bool // there are more than the limit
	Failed bool // the db could not tell; the query may be asked again
}

// Type returns the message's number.
func (*Found) Type() uint16 { return TypeFound }

// Code reads or writes the message.
func (m *Found) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	found(c, &m.Keys)
	c.Bool(&m.More)
	c.Bool(&m.Failed)
}

// TakeName makes a name the record's own. Names are unique in their class, and
// taking one again for the same record is as good as having it.
type TakeName struct {
	Num   uint64
	Class string // without a colon
	Name  string // at most MaxName
	Key   string // of the record that is to own it
}

// Type returns the message's number.
func (*TakeName) Type() uint16 { return TypeTakeName }

// Code reads or writes the message.
func (m *TakeName) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	c.String(&m.Class)
	c.String(&m.Name)
	c.String(&m.Key)
}

// DropName gives a record's name up. A name that it does not own stays as it is.
type DropName struct{ TakeName }

// Type returns the message's number.
func (*DropName) Type() uint16 { return TypeDropName }

// NameTaken answers a TakeName.
type NameTaken struct {
	Num    uint64
	OK     bool
	Holder string // the key of the record that owns the name, where another does
	Failed bool   // the outcome is not known; asking again tells
}

// Type returns the message's number.
func (*NameTaken) Type() uint16 { return TypeNameTaken }

// Code reads or writes the message.
func (m *NameTaken) Code(c *wire.Coder) {
	c.Uint64(&m.Num)
	c.Bool(&m.OK)
	c.String(&m.Holder)
	c.Bool(&m.Failed)
}

// NameDropped answers a DropName: OK if the record does not own the name (any more).
type NameDropped struct{ NameTaken }

// Type returns the message's number.
func (*NameDropped) Type() uint16 { return TypeNameDropped }
