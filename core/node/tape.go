package node

import "messiah/core/wire"

// Tape hears, in order, all that a driver tells a Host and all that the Host
// asks for in turn. A recorder is one; the player that compares another run with
// a recording is the other. Nothing that a Tape is handed may be kept.
type Tape interface {
	// Born is called once, before anything happens to the host.
	Born(h *Host)
	Begin(now Time, wall int64)
	Deliver(in *Input)
	// Step is called before each step, also one that finds nothing to do.
	Step()
	Op(op *Op)
	Task(lane int, task *Input)
	// Prove is called with a proof that was made with the cluster's secret. A
	// player, which has no secret, puts the recorded one in its place.
	Prove(sum *[16]byte)
	// Finish is called at the end of a turn: nothing waits to be carried out.
	Finish(h *Host)
}

// Configured is a node that was made with settings, which its snapshot then
// holds, so that it can be made again without them.
type Configured interface {
	// Settings reads or writes what the node was made with; functions aside.
	Settings(c *wire.Coder)
}
