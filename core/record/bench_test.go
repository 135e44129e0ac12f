package record

import (
	"testing"

	"messiah/core/node"
	"messiah/core/wire"
)

// idle is a node that does nothing.
type idle struct{}

func (idle) State(*wire.Coder)           {}
func (idle) Step(*node.Env, *node.Input) {}

// What a turn of one input of 150 bytes and one message and one task of as much cost, once both segments are full.
func BenchmarkRecorder(b *testing.B) {
	cfg := node.Config{Self: node.NewID(node.Gate, 1)}
	r := NewRecorder(1<<20, &cfg)
	cfg.Tape = r
	h := node.NewHost(cfg, idle{}, make([]byte, node.EntropySize))
	in := node.Input{Kind: node.InConnData, Conn: 12, Body: make([]byte, 150)}
	op := node.Op{Kind: node.OpWrite, Conn: 13, Bytes: wire.AppendFrame(nil, node.FirstType, 0, []uint64{1}, in.Body)}
	now := node.Time(0)
	turn := func() {
		now += 1000
		r.Begin(now, int64(now))
		r.Deliver(&in)
		r.Step()
		r.Op(&op)
		r.Task(1, &in)
		r.Step()
		r.Finish(h)
	}
	for r.lost < 2 {
		turn()
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(in.Body)))
	for b.Loop() {
		turn()
	}
}
