// Package siege is the sample game: a town that is attacked at eight in the
// evening. Its avatars count what they are told, answer echoes, look for ways
// through the town, and its director is a service that exists once in the
// cluster. It is written as a game author would write it, with core alone.
package siege

import (
	"messiah/core/check"
	"messiah/core/client"
	"messiah/core/game"
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// Director is the stub that leads the siege.
const Director = "siege-director"

// The methods that a client may call on its avatar.
const (
	Count = "count" // executes a numbered call; answers with the ledger
	Echo  = "echo"  // answers with its argument
	Path  = "path"  // answers with a way through the town: game.PathReply
	Where = "where" // answers with a way that was asked for without coordinates
)

// pushEvery is after how many counted calls the avatar calls its client.
const pushEvery = 8

// Methods returns the names of everything that crosses the wire by name, for the schema digest.
func Methods() []string { return []string{Count, Echo, Path, Where, "counted"} }

// Avatar is what is kept of a player.
type Avatar struct {
	Ledger check.Ledger
	Pushed uint64 // number of the last push
	At     geom.Vec3
}

// Code reads or writes the avatar.
func (a *Avatar) Code(c *wire.Coder) {
	c.Struct(&a.Ledger)
	c.Uint64(&a.Pushed)
	c.Float64(&a.At.X)
	c.Float64(&a.At.Y)
	c.Float64(&a.At.Z)
}

// Observer is told of each counted call that ran, by oracles. Its hook may be nil.
type Observer struct {
	Executed func(account string, n, count uint64) // the avatar remembers so many
}

// Script returns the game's code. An observer, which may be nil, hears of each step.
func Script(o *Observer) game.Script {
	if o == nil {
		o = &Observer{}
	}
	return game.Script{
		NewAvatar: func() game.AvatarState { return &Avatar{} },
		Methods: map[string]game.Method{
			Count: o.count,
			Echo:  echo,
			Path:  path,
			Where: where,
		},
		Stubs:       []string{Director},
		ServerOpen:  serverOpen,
		StubCreated: stubCreated,
		Moved:       moved,
	}
}

// count executes a numbered call. It answers with what the avatar has executed,
// so that the client can compare, and now and then calls the client.
func (o *Observer) count(c *game.Call, args []byte) ([]byte, proto.Outcome) {
	n, ok := client.Number(args)
	if !ok {
		return nil, proto.OutcomeBadArgs
	}
	a := c.Avatar().(*Avatar)
	a.Ledger.Execute(n)
	if o.Executed != nil {
		o.Executed(c.Account(), n, a.Ledger.Count)
	}
	if a.Ledger.Count%pushEvery == 0 {
		a.Pushed++
		c.Push("counted", client.AppendNumber(nil, a.Pushed, 0))
	}
	return wire.Append(nil, &a.Ledger), proto.OutcomeOK
}

func moved(c *game.Call, m *proto.Move) { c.Avatar().(*Avatar).At = m.At }

func echo(_ *game.Call, args []byte) ([]byte, proto.Outcome) { return args, proto.OutcomeOK }

// Way is the argument of Path: from where to where, in metres.
type Way struct{ From, To geom.Vec3 }

// Code reads or writes the argument.
func (w *Way) Code(c *wire.Coder) {
	for _, f := range []*float64{&w.From.X, &w.From.Y, &w.From.Z, &w.To.X, &w.To.Y, &w.To.Z} {
		c.Float64(f)
	}
}

func path(c *game.Call, args []byte) ([]byte, proto.Outcome) {
	var w Way
	if err := wire.Decode(args, &w); err != nil {
		return nil, proto.OutcomeBadArgs
	}
	return c.FindPath(w.From, w.To)
}

// where looks for the way from one side of the courtyard's wall to the other.
func where(c *game.Call, _ []byte) ([]byte, proto.Outcome) {
	return c.FindPath(geom.Vec3{X: 5, Z: 5}, geom.Vec3{X: 35, Z: 10})
}

func serverOpen(c *game.Call) { c.Log(node.Info, "the town stands") }

func stubCreated(c *game.Call, name string) {
	c.Log(node.Info, "the siege has a director", "stub", name)
}
