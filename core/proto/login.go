package proto

import (
	"time"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/wire"
)

// Enter asks a game for the avatar of an account. The route is the gate's
// number for this attempt; every later word about it names the route.
type Enter struct {
	Route   uint64
	Client  addr.ClientID
	Account string
}

// Type returns the message's number.
func (*Enter) Type() uint16 { return TypeEnter }

// Code reads or writes the message.
func (m *Enter) Code(c *wire.Coder) {
	c.Uint64(&m.Route)
	m.Client.Code(c)
	c.String(&m.Account)
}

// Entered says that the avatar lives on the sending game and has the route's client.
type Entered struct {
	Route  uint64
	Entity addr.EntityID
}

// Type returns the message's number.
func (*Entered) Type() uint16 { return TypeEntered }

// Code reads or writes the message.
func (m *Entered) Code(c *wire.Coder) {
	c.Uint64(&m.Route)
	m.Entity.Code(c)
}

// EnterFailed says that the route came to nothing on this game. Where the
// avatar lives on another game, Elsewhere names it.
type EnterFailed struct {
	Route     uint64
	Reason    Refusal
	Elsewhere node.Peer
}

// Type returns the message's number.
func (*EnterFailed) Type() uint16 { return TypeEnterFailed }

// Code reads or writes the message.
func (m *EnterFailed) Code(c *wire.Coder) {
	c.Uint64(&m.Route)
	c.Uint16((*uint16)(&m.Reason))
	m.Elsewhere.Code(c)
}

// ClientLost says that the route's client is disconnected and its grace time runs.
type ClientLost struct{ Route uint64 }

// Type returns the message's number.
func (*ClientLost) Type() uint16 { return TypeClientLost }

// Code reads or writes the message.
func (m *ClientLost) Code(c *wire.Coder) { c.Uint64(&m.Route) }

// ClientBack says that the route has a client again: the one that was lost has
// resumed, or, where Next is not zero, another login of the account has taken
// its place and goes by that route from now on, so that no answer to the old
// client can reach the new one.
type ClientBack struct {
	Route uint64
	Next  uint64
}

// Type returns the message's number.
func (*ClientBack) Type() uint16 { return TypeClientBack }

// Code reads or writes the message.
func (m *ClientBack) Code(c *wire.Coder) {
	c.Uint64(&m.Route)
	c.Uint64(&m.Next)
}

// Exit ends a route: logout, or the grace time is over. The avatar is saved and
// unloaded, then Exited answers. Delivered is the number of the last push that
// the client acknowledged; the fate of later ones is unknown.
type Exit struct {
	Route     uint64
	Delivered uint64
}

// Type returns the message's number.
func (*Exit) Type() uint16 { return TypeExit }

// Code reads or writes the message.
func (m *Exit) Code(c *wire.Coder) {
	c.Uint64(&m.Route)
	c.Uint64(&m.Delivered)
}

// Exited says that nothing is left of a route on the sending game.
type Exited struct{ Route uint64 }

// Type returns the message's number.
func (*Exited) Type() uint16 { return TypeExited }

// Code reads or writes the message.
func (m *Exited) Code(c *wire.Coder) { c.Uint64(&m.Route) }

// KickClient ends a route from the game's side: the avatar has another client
// now, or game code wants this one gone.
type KickClient struct {
	Route  uint64
	Reason Refusal
}

// Type returns the message's number.
func (*KickClient) Type() uint16 { return TypeKickClient }

// Code reads or writes the message.
func (m *KickClient) Code(c *wire.Coder) {
	c.Uint64(&m.Route)
	c.Uint16((*uint16)(&m.Reason))
}

// Refusal says why a client is not let in, or not kept.
type Refusal uint16

// The refusals.
const (
	RefusedNone        Refusal = iota
	RefusedNotOpen             // the ninth step has not come yet
	RefusedBusy                // no game can take the avatar now
	RefusedCredentials         // there is no such account, or its credentials are others: which of both is not told
	RefusedSecondLogin         // another login of the account took over
	RefusedStore               // the record could not be loaded
	RefusedShutdown            // the process is leaving
	RefusedKicked              // an operator or game code ended it
	RefusedLate                // the login took too long
	RefusedFault               // game code failed; the avatar is loaded again from its last save
	RefusedBlocked             // the account is blocked
	RefusedTooOften            // too many tries with a wrong password
	RefusedClosed              // the game takes no newcomers; its gate asks another
	RefusedOlder               // the avatar's record was written by a newer build than the game's; its gate asks another game
	refusalEnd
)

var refusalNames = [refusalEnd]string{
	"none", "not-open", "busy", "credentials", "second-login", "store", "shutdown", "kicked", "late", "fault", "blocked", "too-often", "closed", "older",
}

// String returns the refusal's name.
func (r Refusal) String() string {
	if r < refusalEnd {
		return refusalNames[r]
	}
	return "unknown"
}

// Login is a client's first message.
type Login struct {
	Client      addr.ClientID
	Account     string
	Credentials string
}

// Type returns the message's number.
func (*Login) Type() uint16 { return TypeLogin }

// Code reads or writes the message.
func (m *Login) Code(c *wire.Coder) {
	m.Client.Code(c)
	c.String(&m.Account)
	c.String(&m.Credentials)
}

// LoggedIn tells the client that its avatar is there.
type LoggedIn struct {
	Entity addr.EntityID
	Game   node.ID
	Fresh  bool // the avatar was loaded anew: after the loss of its game too
}

// Type returns the message's number.
func (*LoggedIn) Type() uint16 { return TypeLoggedIn }

// Code reads or writes the message.
func (m *LoggedIn) Code(c *wire.Coder) {
	m.Entity.Code(c)
	m.Game.Code(c)
	c.Bool(&m.Fresh)
}

// LoginRefused tells the client why not, and when to try again.
type LoginRefused struct {
	Reason     Refusal
	RetryAfter time.Duration // in whole milliseconds on the wire
	Until      int64         // of RefusedBlocked: when that ends, in seconds since 1970; 0: not by itself
	Text       string        // of RefusedBlocked: why, for people
}

// Type returns the message's number.
func (*LoginRefused) Type() uint16 { return TypeLoginRefused }

// Code reads or writes the message.
func (m *LoginRefused) Code(c *wire.Coder) {
	c.Uint16((*uint16)(&m.Reason))
	ms := uint32(m.RetryAfter / time.Millisecond)
	c.Uint32(&ms)
	m.RetryAfter = time.Duration(ms) * time.Millisecond
	c.Int64(&m.Until)
	c.String(&m.Text)
}

// Kicked tells the client why its session ends.
type Kicked struct{ Reason Refusal }

// Type returns the message's number.
func (*Kicked) Type() uint16 { return TypeKicked }

// Code reads or writes the message.
func (m *Kicked) Code(c *wire.Coder) { c.Uint16((*uint16)(&m.Reason)) }

// Logout ends a session in good order.
type Logout struct{}

// Type returns the message's number.
func (*Logout) Type() uint16 { return TypeLogout }

// Code reads or writes the message.
func (*Logout) Code(*wire.Coder) {}

// GameLost tells the client that the game of its avatar died: the outcome of
// every call behind After and up to Num that is still unanswered is unknown.
type GameLost struct{ After, Num uint64 }

// Type returns the message's number.
func (*GameLost) Type() uint16 { return TypeGameLost }

// Code reads or writes the message.
func (m *GameLost) Code(c *wire.Coder) {
	c.Uint64(&m.After)
	c.Uint64(&m.Num)
}
