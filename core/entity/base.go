// Package entity is what a game author writes against: entity classes with
// synced properties, typed methods, named timers and reply handlers, and the
// Call, the only way out of a handler. It holds the entities of one game; the
// role around it, core/game, talks to gates, other games and the db.
//
// A class is a struct with one of the five bases in it: ServerEntity, ServerAreaEntity,
// ServerStubEntity, AvatarEntity, AvatarAreaEntity. Each of its other fields is a
// property, a Value, CustomMap or CustomList, or is tagged `entity:"transient"`. The tag
// of a property has words with commas between them:
//
//	own      the avatar's own client is told of it
//	all      every client that sees the entity is told of it
//	server   no client is told of it: the default
//	saved    it is in the entity's record
//	index    records are found by its value: of a Value of a truth value, number or string that is saved
//	was=bag  it is read from where older records have it, by that name; may stand more than once
//
// No game sends clients what changes yet: they learn of it by a Push, or by a result.
//
// In records and queries a property's name has a small first letter. What records have
// and the class has not is skipped; what the class has and a record has not keeps what
// Make gave it. A map or list may hold pointers to structs of further properties, to maps
// and to lists; these have no words of their own, but for was.
package entity

import (
	"reflect"
	"time"

	"messiah/core/addr"
	"messiah/core/geom"
	"messiah/core/move"
	"messiah/core/node"
)

// Entity is a pointer to a struct that embeds one of the five bases.
type Entity interface{ base() *ServerEntity }

// Area is an Entity with a place in a space: ServerAreaEntity or AvatarAreaEntity.
type Area interface {
	Entity
	area() *Place
}

// Avatar is an Entity of a player: AvatarEntity or AvatarAreaEntity.
type Avatar interface {
	Entity
	client() *Player
}

// ServerEntity is the base of all entities: it has an id, properties, methods
// and timers, and may have a record in the store.
type ServerEntity struct{ resident *Resident }

func (e *ServerEntity) base() *ServerEntity { return e }

// ID returns the entity's id, the same for as long as its record lives.
func (e *ServerEntity) ID() addr.EntityID { return e.resident.id }

// Incarnation returns the number of this load or arrival; it only grows.
func (e *ServerEntity) Incarnation() uint64 { return e.resident.incarnation }

// Copies returns how many copies of the entity's record were taken in this load,
// and the number of the latest one that is known to be in the store: what was
// changed before that copy was taken outlives the death of any process.
func (e *ServerEntity) Copies() (taken, stored uint64) {
	return e.resident.copies, e.resident.stored
}

// Mailbox returns an address of the entity that is good until it is unloaded or
// moves to another game. Its gate is chosen here, once.
func (e *ServerEntity) Mailbox(c *Call) addr.Mailbox { return c.world.mailbox(c.env, e.resident) }

// ServerAreaEntity is a ServerEntity with a place in a space.
type ServerAreaEntity struct {
	ServerEntity
	Place
}

// AvatarEntity is a player's entity: it has, or waits for, a client.
type AvatarEntity struct {
	ServerEntity
	Player
}

// AvatarAreaEntity is a player's entity with a place in a space.
type AvatarAreaEntity struct {
	ServerEntity
	Place
	Player
}

// ServerStubEntity is a service that exists once in the cluster and is found by
// its class's name: addr.Stub("chat").
type ServerStubEntity struct{ ServerEntity }

func (*ServerStubEntity) stub() {}

// Place is where an area entity is, and how fast its client may move it.
type Place struct {
	owner  *Resident
	space  addr.EntityID
	at     geom.Vec3
	yaw    float32
	budget move.Budget
}

func (p *Place) area() *Place { return p }

// Space returns the space that the entity is in; the zero id is none.
func (p *Place) Space() addr.EntityID { return p.space }

// Position returns where the entity is in its space, in metres from its origin.
func (p *Place) Position() geom.Vec3 { return p.at }

// Yaw returns where the entity looks, in radians.
func (p *Place) Yaw() float32 { return p.yaw }

// Speed returns how fast the entity's client may move it, in metres a second; 0 is unchecked.
func (p *Place) Speed() float64 { return p.budget.Speed() }

// SetSpeed sets how fast the entity's client may move it from now on, in metres a
// second up to move.MaxSpeed, all three dimensions together; 0 checks nothing, as it
// is where the class has no SpeedLimit. A client that says that it moved faster is
// put back to where it was. Moves on their way are judged by the new speed.
func (p *Place) SetSpeed(c *Call, metresPerSecond float64) {
	p.budget.SetSpeed(c.Now(), metresPerSecond)
	c.world.freed(p)
}

// Allow lets the entity's client move it so many metres farther within a time, up to
// move.MaxAllowance and move.MaxAllowFor: for a fall, a leap or a push that the
// client carries out. Teleport needs none.
func (p *Place) Allow(c *Call, metres float64, within time.Duration) {
	p.budget.Allow(c.Now(), metres, within)
	c.world.freed(p)
}

// Player is an avatar's side of its player.
type Player struct {
	account  string
	proxy    addr.Proxy
	seat     Seat
	attached bool
}

// Seat is the place of a client: a route of one life of a gate. The zero Seat is empty.
type Seat struct {
	Gate  node.Peer
	Route uint64
}

func (p *Player) client() *Player { return p }

// Account returns the account that the avatar belongs to.
func (p *Player) Account() string { return p.account }

// HasClient tells whether the client is there now; if not, it may come back.
func (p *Player) HasClient() bool { return p.attached }

// Proxy returns an address of avatar and client that stays good when the avatar
// moves, for as long as its gate knows the client; the zero Proxy without one.
func (p *Player) Proxy() addr.Proxy { return p.proxy }

// Hooks. A class has those whose method its entity type has; each runs as a
// callback of its own, behind the one under way.
type (
	// Created is for an entity made anew, not read from a record.
	Created interface{ Created(c *Call) }
	// Loaded is for an entity whose record was read.
	Loaded interface{ Loaded(c *Call) }
	// ClientAttached is for an avatar whose client is there, again or for the first time.
	ClientAttached interface{ ClientAttached(c *Call) }
	// ClientLost is for an avatar whose client is gone, perhaps to come back.
	ClientLost interface{ ClientLost(c *Call) }
	// AboutToMigrate is for an entity that moves to another game after this hook.
	AboutToMigrate interface{ AboutToMigrate(c *Call) }
	// Arrived is for an entity that has come from another game.
	Arrived interface{ Arrived(c *Call) }
	// MigrationFailed is for an entity that stays on its game; the error is a *Refused.
	MigrationFailed interface{ MigrationFailed(c *Call, err error) }
	// AboutToBeDestroyed is for an entity that is unloaded or destroyed after this hook.
	AboutToBeDestroyed interface{ AboutToBeDestroyed(c *Call) }
	// Moved is for an area entity whose client has moved it.
	Moved interface{ Moved(c *Call, from geom.Vec3) }
	// SpaceEnded is for an area entity whose space was ended under it: it is in the fallback now.
	SpaceEnded interface {
		SpaceEnded(c *Call, ended addr.EntityID)
	}
	// CallFailed is for an entity of whose Tell it is known that it did not run, or
	// not known whether it did; the error says which, the method which
	// call, Call.To where it went, and Call.Key with which key.
	CallFailed interface {
		CallFailed(c *Call, method string, err error)
	}
)

// hooks are the interfaces of all hooks, one method each, for the check that none is misspelled.
var hooks = [...]reflect.Type{
	reflect.TypeFor[Created](), reflect.TypeFor[Loaded](), reflect.TypeFor[ClientAttached](), reflect.TypeFor[ClientLost](),
	reflect.TypeFor[AboutToMigrate](), reflect.TypeFor[Arrived](), reflect.TypeFor[MigrationFailed](), reflect.TypeFor[AboutToBeDestroyed](),
	reflect.TypeFor[Moved](), reflect.TypeFor[CallFailed](), reflect.TypeFor[SpaceEnded](),
}
