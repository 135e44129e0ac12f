package session

import (
	"bytes"
	"testing"
	"time"

	"messiah/core/wire"
)

// FuzzState reads bytes as the state of a gate's lane or of a client's, as a
// recording holds it. What is taken holds together: as it is written it is taken
// again, and written as the same.
func FuzzState(f *testing.F) {
	w := newWorld(f, options{players: 3})
	add := func() {
		f.Add(byte(0), wire.AppendState(nil, w.shard().State))
		for _, p := range w.players {
			f.Add(byte(1), wire.AppendState(nil, p.dialer().State))
		}
	}
	add()
	for i, p := range w.players {
		w.login(p, transports[0])
		p.send(w, i)
	}
	add() // while calls are under way
	w.players[0].task(w, TaskAbort, 0)
	w.players[1].dial(w, transports[0], 0)
	add()
	w.run(15 * time.Millisecond)
	add() // in the middle of a handshake
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		first, ok := reload(t, which, b)
		if !ok {
			return
		}
		second, ok := reload(t, which, first)
		if !ok {
			t.Fatalf("a state of %d bytes was taken, and is not as it is written", len(b))
		}
		if !bytes.Equal(first, second) {
			t.Fatalf("a state of %d bytes is written as %d others", len(first), len(second))
		}
	})
}

// reload reads a state into a lane that was just made, and writes it.
func reload(t *testing.T, which byte, b []byte) (written []byte, ok bool) {
	w := newWorld(t, options{})
	state := w.shard().State
	if which%2 == 1 {
		state = w.players[0].dialer().State
	}
	if wire.LoadState(b, state) != nil {
		return nil, false
	}
	return wire.AppendState(nil, state), true
}
