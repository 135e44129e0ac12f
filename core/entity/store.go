package entity

import (
	"fmt"

	"messiah/core/addr"
	"messiah/core/proto"
	"messiah/core/schema"
)

// Question is something that an entity asks the db; its answer ends the call of that number.
type Question struct {
	Kind  QuestionKind
	Num   uint64
	Class string
	Field string // of a Find
	Value string // of a Find; the name of a Take or Drop
	Limit uint32 // of a Find
	ID    addr.EntityID
	Owner *Resident // of a Take or Drop: whose record the name belongs to
}

// QuestionKind says what is asked.
type QuestionKind uint8

// The kinds of question.
const (
	FindRecords QuestionKind = iota // answered with Found
	TakeName                        // answered with None, or ErrNameTaken
	DropName                        // answered with None
	LoadRecord                      // answered with a Mailbox, or ErrNoRecord
)

// Found is what a query gives: at most as many records as were asked for, in the order of their keys.
type Found struct {
	Records []FoundRecord
	More    bool // there are more
}

// FoundRecord names one record: its key in the store, and the entity that it is of,
// for Kind.Load. What the record holds the entity itself has to be asked.
type FoundRecord struct {
	Key    string
	Entity addr.EntityID
}

// Query finds the records of a class whose indexed field has a value; the named
// handler hears them. The field is the property's name, its first letter small: a
// property Price is found as "price". The value is of the property's own kind: among
// int64 an int finds what it equals, a uint8 or a string finds nothing. It is a hint:
// what was committed a moment ago, so that whoever acts on a record loads it first. The
// limit is at most 256, 0 means that. A field that is not indexed is the author's bug
// and panics.
func Query[P Entity, V any](c *Call, k Kind[P], field string, value V, limit uint32, then Reply[Found], with ...With) {
	class := c.world.classes[string(k)]
	if class == nil || !class.class.plan.indexes(field) {
		panic(fmt.Sprintf("entity: class %s has no indexed property %s, but %v: the first letter is small", k, field, indexed(class)))
	}
	text, sorts := schema.MustFor[V]().SortText(&value)
	if !sorts {
		panic(fmt.Sprintf("entity: property %s of class %s cannot be looked for by a %T", field, k, value))
	}
	c.world.question(c, &Question{Kind: FindRecords, Class: string(k), Field: field, Value: text, Limit: limit}, string(then), with)
}

// indexed lists the properties by which a class's records are found.
func indexed(b *bound) (names []string) {
	if b == nil {
		return nil
	}
	for _, p := range b.class.plan.props {
		if p.Indexed {
			names = append(names, p.Name)
		}
	}
	return names
}

// All finds the records of a class, as Query does.
func (k Kind[P]) All(c *Call, limit uint32, then Reply[Found], with ...With) {
	c.world.question(c, &Question{Kind: FindRecords, Class: string(k), Limit: limit}, string(then), with)
}

// Load has the entity of a record live on this game, unless it lives somewhere
// already; the named handler hears its address, or ErrNoRecord.
func (k Kind[P]) Load(c *Call, id addr.EntityID, then Reply[addr.Mailbox], with ...With) {
	c.world.question(c, &Question{Kind: LoadRecord, Class: string(k), ID: id}, string(then), with)
}

// TakeUniqueName makes a name, unique among those taken for the class, that of the
// entity's record; the named handler of the calling entity hears nil, ErrNameTaken, or ErrBadArgs of an empty name or one of more than 128 bytes.
// Taking it again is as good as having it. It does not write the record: have Call.Save
// do so first, or a crash may leave the name to a record that was never written. No query
// finds a name: whoever looks for it has it in an indexed property as well.
func (k Kind[P]) TakeUniqueName(c *Call, e P, name string, then Reply[None], with ...With) {
	c.world.nameQuestion(c, &Question{Kind: TakeName, Class: string(k), Value: name, Owner: e.base().resident}, string(then), with)
}

// DropUniqueName gives a name up that is the entity's.
func (k Kind[P]) DropUniqueName(c *Call, e P, name string, then Reply[None], with ...With) {
	c.world.nameQuestion(c, &Question{Kind: DropName, Class: string(k), Value: name, Owner: e.base().resident}, string(then), with)
}

// nameQuestion asks about a unique name; one that cannot be is ErrBadArgs.
func (w *World) nameQuestion(c *Call, q *Question, then string, with []With) {
	if n := len(q.Value); n > 0 && n <= proto.MaxName {
		w.question(c, q, then, with)
		return
	}
	bad, _ := c.awaits(then, with)
	w.owe(c.env, &bad, proto.OutcomeBadArgs)
}

// question asks the db on behalf of the entity that is called. It has no deadline
// of its own: the db, or the next one, answers each question.
func (w *World) question(c *Call, q *Question, then string, with []With) {
	w.await(c, then, with, func(num uint64) bool {
		q.Num = num
		return w.port.Question(c.env, q)
	})
}
