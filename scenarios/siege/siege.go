// Package siege is the sample game: a town that is attacked at eight in the
// evening. Its avatars count what they are told, answer echoes, look for ways
// through the town, and its director is a service that exists once in the
// cluster. It is written as a game author would write it, with core alone.
package siege

import (
	_ "embed"
	"encoding/binary"

	"messiah/core/check"
	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/rpc"
)

// The classes.
const (
	Avatars   entity.Kind[*Avatar]   = "avatar"
	Directors entity.Kind[*Director] = "siege-director"
)

// What a client may call on its avatar, and what the avatar calls on its client.
const (
	Count   entity.Method[[]byte, check.Ledger] = "count" // executes a numbered call; answers with the ledger
	Echo    entity.Method[[]byte, []byte]       = "echo"  // answers with its argument
	Way     entity.Method[Journey, entity.Path] = "path"  // answers with a way through the town
	Where   entity.Method[[]byte, entity.Path]  = "where" // answers with a way that was asked for without coordinates
	Counted entity.Push[[]byte]                 = "counted"
)

// wayFound hears the path lane's answer.
const wayFound entity.Reply[entity.Path] = "way-found"

// Speed is how fast a player may walk where the walk is checked, in metres a second.
const Speed = 4.4

// pushEvery is after how many counted calls the avatar calls its client.
const pushEvery = 8

// Journey is from where to where, in metres.
type Journey struct{ From, To geom.Vec3 }

// Number returns the number of a name, for clients that call by it; 0 where it has none.
func Number[S ~string](name S) uint16 {
	number, _ := RPC().Number(string(name))
	return number
}

// Avatar is a player.
type Avatar struct {
	entity.AvatarAreaEntity
	Ledger entity.Value[check.Ledger] `entity:"saved"`
	Pushed entity.Value[uint64]       `entity:"saved"` // number of the last push
	Copied entity.Value[Copy]         // what the ledger held when its record was copied last
	tour   tour                       `entity:"transient"` // carried, not saved
}

// Copy is a copy of an avatar's record on its way to the store.
type Copy struct {
	N     uint64 // its number
	Count uint64 // of the ledger in it
}

// Director leads the siege, and knows where travellers live.
type Director struct {
	entity.ServerStubEntity
	book []Entry        `entity:"transient"`
	at   map[string]int `entity:"transient"` // places in the book by name
	next int            `entity:"transient"` // the place that goes next, once the book is full
}

// Observer is told of each counted call that ran, by oracles. Its hook may be nil.
type Observer struct {
	Executed func(account string, n, count uint64) // the avatar remembers so many
	Count    func(n uint64) uint64                 // nil, or what a ledger's count is before it executes a call
	Speed    float64                               // how fast clients may walk, in metres a second; 0 is unchecked
}

// Methods returns the names of everything that crosses the wire by a number.
func Methods() []string {
	return []string{
		string(Count), string(Echo), string(Way), string(Where), string(Counted),
		string(Note), string(Enter), string(LookUp), string(Learn), string(Send), string(Hear),
		string(Travel), string(Order), string(Live), string(Hatch), string(Write), string(Nap), string(Quit), string(Store),
		string(Stash), string(Seek), string(Open), string(Peek), string(Rename), string(Burn),
		string(Tour), string(Tales),
	}
}

// table is what `messiah rpcindex` wrote for these names.
//
//go:embed rpc.txt
var table string

// RPC returns the committed table of the names' numbers.
func RPC() *rpc.Table {
	t, err := rpc.Parse([]byte(table))
	if err != nil {
		panic("siege: rpc.txt: " + err.Error())
	}
	return t
}

// Script returns the game's code. An observer, which may be nil, hears of each step.
func Script(o *Observer) game.Script {
	if o == nil {
		o = &Observer{}
	}
	avatar := []entity.Part[*Avatar]{
		entity.Handle(Count, o.count, entity.OwnClient),
		entity.Handle(Echo, (*Avatar).echo, entity.OwnClient),
		entity.Handle(Way, (*Avatar).way, entity.OwnClient),
		entity.Handle(Where, (*Avatar).where, entity.OwnClient),
		entity.OnReply(wayFound, (*Avatar).wayFound),
		entity.Carry("tour", 1, func(a *Avatar) *tour { return &a.tour }),
		entity.Handle(Tour, (*Avatar).startTour, entity.OwnClient),
		entity.Handle(Tales, (*Avatar).tales, entity.OwnClient),
		entity.Handle(Note, (*Avatar).note),
		entity.OnTimer(setOff, (*Avatar).setOff),
		entity.OnTimer(write, (*Avatar).write),
		entity.OnReply(paired, (*Avatar).paired),
		entity.OnReply(penned, (*Avatar).penned),
	}
	if o.Speed > 0 {
		avatar = append(avatar, entity.SpeedLimit[*Avatar](o.Speed))
	}
	return game.Script{
		Classes: []*entity.Class{entity.Define(Avatars, avatar...), entity.Define(Directors,
			entity.Handle(Enter, (*Director).enter), entity.Handle(LookUp, (*Director).lookUp))},
		Table:      RPC(),
		Avatar:     string(Avatars),
		ServerOpen: serverOpen,
	}
}

// count executes a numbered call. It answers with what the avatar has executed,
// so that the client can compare, and now and then calls the client.
func (o *Observer) count(a *Avatar, c *entity.Call, args []byte) (check.Ledger, error) {
	ledger := a.Ledger.Get()
	ledger.Stored = a.kept(&ledger)
	if err := o.execute(&ledger, a.Account(), args); err != nil {
		return ledger, err
	}
	a.Ledger.Set(ledger)
	if ledger.Count%pushEvery == 0 {
		a.Pushed.Set(a.Pushed.Get() + 1)
		Counted.Push(c, a, binary.LittleEndian.AppendUint64(nil, a.Pushed.Get()))
	}
	return ledger, nil
}

// kept returns which count of the ledger is known to be in the store. A copy that
// is new here was taken behind the last call, so it holds what the ledger does.
func (a *Avatar) kept(l *check.Ledger) uint64 {
	taken, stored := a.Copies()
	last, kept := a.Copied.Get(), l.Stored
	if last.N > 0 && stored >= last.N {
		kept = last.Count
	}
	if taken > last.N {
		a.Copied.Set(Copy{taken, l.Count})
		if stored >= taken {
			kept = l.Count
		}
	}
	return kept
}

// execute has a ledger execute a numbered call.
func (o *Observer) execute(l *check.Ledger, account string, args []byte) error {
	n, ok := client.NumberOf(args)
	if !ok {
		return entity.ErrBadArgs
	}
	if o.Count != nil {
		l.Count = o.Count(l.Count)
	}
	l.Execute(n)
	if o.Executed != nil {
		o.Executed(account, n, l.Count)
	}
	return nil
}

// tally has the ledger of an avatar execute a numbered call, and returns it.
func (o *Observer) tally(kept *entity.Value[check.Ledger], account string, args []byte) (check.Ledger, error) {
	ledger := kept.Get()
	err := o.execute(&ledger, account, args)
	if err == nil {
		kept.Set(ledger)
	}
	return ledger, err
}

func (a *Avatar) echo(_ *entity.Call, args []byte) ([]byte, error) { return args, nil }

func (a *Avatar) way(c *entity.Call, j Journey) (entity.Path, error) {
	held, err := c.Hold()
	if err == nil {
		c.FindPath(j.From, j.To, wayFound, entity.With{Key: uint64(held)})
	}
	return entity.Path{}, err
}

// where looks for the way from one side of the courtyard's wall to the other.
func (a *Avatar) where(c *entity.Call, _ []byte) (entity.Path, error) {
	return a.way(c, Journey{geom.Vec3{X: 5, Z: 5}, geom.Vec3{X: 35, Z: 10}})
}

func (a *Avatar) wayFound(c *entity.Call, way entity.Path, err error) {
	entity.Answer(c, entity.Held(c.Key()), way, err)
}

// Created says that the siege has a leader.
func (d *Director) Created(c *entity.Call) { c.Log(node.Info, "the siege has a director") }

func serverOpen(c *entity.Call) { c.Log(node.Info, "the town stands") }
