package node

import (
	"bytes"
	"testing"

	"messiah/core/wire"
)

// swap puts a host that was loaded from a snapshot in the place of each process's host.
func swap(t *testing.T, w *wires) {
	t.Helper()
	for _, p := range w.procs {
		before := wire.AppendState(nil, p.host.Snapshot)
		loaded := NewHost(p.cfg, p.node, entropyOf(0))
		if err := wire.LoadState(before, loaded.Snapshot); err != nil {
			t.Fatal(err)
		}
		if after := wire.AppendState(nil, loaded.Snapshot); !bytes.Equal(before, after) {
			t.Fatalf("the snapshot of %v read back is another:\n%x\n%x", p.id, before, after)
		}
		for _, c := range w.cables {
			for side := range c.ends {
				if c.ends[side].host == p.host {
					c.ends[side].host = loaded
				}
			}
		}
		p.host = loaded
	}
}

// Hosts that are replaced by their snapshots after every single delivery, through
// handshakes, a broken connection and what is sent again, notice nothing.
func TestSnapshotAtEveryStep(t *testing.T) {
	w, gate, game := pair(t)
	steps := func() {
		for moved := true; moved; {
			moved = false
			for i := 0; i < len(w.cables); i++ {
				for side := range 2 {
					moved = w.deliver(w.cables[i], side) || moved
					swap(t, w)
				}
			}
			w.clean()
		}
	}
	swap(t, w)
	steps()
	for range 5 {
		w.send(gate, game, 10)
		w.send(game, gate, 1000)
		swap(t, w)
	}
	steps()
	w.send(gate, game, 100)
	w.breakCable(w.cables[0], false)
	steps()
	w.advance(w.now+3e9, steps)
	w.send(game, gate, 100)
	steps()
	mustKnow(t, "afterwards", gate, game, acquaintance{state: "up", ups: 1, broken: 1, backed: 1, sent: 6, got: 6})
	mustKnow(t, "afterwards", game, gate, acquaintance{state: "up", ups: 1, broken: 1, backed: 1, sent: 6, got: 6})
}

// The entropy of a start that waits is in no snapshot, and its place is kept.
func TestSnapshotKeepsNoEntropy(t *testing.T) {
	entropy := entropyOf(9)
	h := NewHost(Config{Self: NewID(Gate, 1)}, &echoes{}, entropy)
	b := wire.AppendState(nil, h.Snapshot)
	if bytes.Contains(b, entropy) {
		t.Error("the entropy is in the snapshot")
	}
	loaded := NewHost(Config{Self: NewID(Gate, 1)}, &echoes{}, entropyOf(0))
	if err := wire.LoadState(b, loaded.Snapshot); err != nil {
		t.Fatal(err)
	}
	if in, ok := loaded.Step(); !ok || in.Kind != InStart || len(in.Body) != 0 || loaded.Self() != h.Self() {
		t.Errorf("%v %+v", ok, in)
	}
}
