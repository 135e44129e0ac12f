package node

import (
	"bytes"
	"testing"
)

// TestWholeStateKnowsConnectionsByName: two hosts that differ in nothing but the
// numbers of their connections have the same bytes, and a queued input more is a
// difference.
func TestWholeStateKnowsConnectionsByName(t *testing.T) {
	accepted := func(conn uint64) *Host {
		h := newTestHost(Config{Self: NewID(Game, 1), Lanes: 1}, func(*Env, *Input) {})
		run(h, 1)
		h.Begin(2, 2)
		h.Deliver(&Input{Kind: InConnUp, Conn: conn})
		h.Finish()
		return h
	}
	a, b := accepted(7), accepted(9)
	if x, y := a.AppendWhole(nil, func(uint64) uint64 { return 1 }), b.AppendWhole(nil, func(uint64) uint64 { return 1 }); !bytes.Equal(x, y) {
		t.Error("the number of a connection is part of the state")
	}
	same := func(conn uint64) uint64 { return conn }
	before := a.AppendWhole(nil, same)
	if bytes.Equal(before, b.AppendWhole(nil, same)) {
		t.Error("connections with two names are one")
	}
	for _, change := range []func(){
		func() { a.Deliver(&Input{Kind: InMessage, Type: FirstType, Body: []byte("queued")}) },
		func() { a.Deliver(&Input{Kind: InConnected, Session: 1}) },
		func() { a.env.Offload(0, &Input{Type: 1}) },
		func() { a.env.After(1, 1, 1) },
		func() { a.env.Rand().Uint64() },
		func() { a.env.Connect(Peer{ID: NewID(DB, 1)}, "db") },
		func() { a.Deliver(&Input{Kind: InConnDown, Conn: 7}) },
		func() { a.env.Halt("enough") },
	} {
		change()
		after := a.AppendWhole(nil, same)
		if bytes.Equal(before, after) {
			t.Errorf("a change leaves the state as it was: %x", after)
		}
		before = after
	}
}
