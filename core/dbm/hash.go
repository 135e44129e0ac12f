package dbm

import (
	"messiah/core/account"
	"messiah/core/node"
	"messiah/core/wire"
)

// Hashes is the lane that hashes passwords: each takes so long that the db's loop
// must not wait for it. A db whose clusters have passwords has at least one.
type Hashes struct{ nobody account.Record }

// NewHashes makes the lane. The cost is that of a try of an account that is not
// there: the one that accounts are made with, or the difference tells which there are.
func NewHashes(cost account.Cost) *Hashes {
	return &Hashes{account.Record{Cost: cost, Salt: make([]byte, account.SaltSize), Hash: make([]byte, account.DigestSize)}}
}

// passwordRight is the Type of an answer whose password is the account's.
const passwordRight = 1

// Step hashes one password.
func (h *Hashes) Step(env *node.LaneEnv, in *node.Input) {
	if in.Kind != node.InTask {
		return
	}
	answer := node.Input{Kind: node.InAnswer, Num: in.Num}
	var task hashing
	if err := wire.Decode(in.Body, &task); err == nil {
		r := &h.nobody
		if task.Known {
			r = &task.Record
		}
		if r.Matches(task.Digest) && task.Known {
			answer.Type = passwordRight
		}
	}
	env.Answer(&answer)
}

// State has nothing to read or write: the lane keeps nothing between tasks.
func (h *Hashes) State(*wire.Coder) {}

// hashing is a password on its way to the lane.
type hashing struct {
	Digest []byte
	Known  bool // there is such an account
	Record account.Record
}

// Code reads or writes the task.
func (t *hashing) Code(c *wire.Coder) {
	c.Bytes(&t.Digest)
	c.Bool(&t.Known)
	c.Struct(&t.Record)
}

// AccountValue returns what the store keeps of an account, under proto.LoginKey.
func AccountValue(r *account.Record) []byte {
	return wire.Append(nil, &record{Data: wire.Append(nil, r)})
}

// AccountOf reads an account from what the store keeps of it.
func AccountOf(value []byte) (*account.Record, error) {
	stored, err := decode(value)
	if err != nil {
		return nil, err
	}
	var r account.Record
	if err := wire.Decode(stored.Data, &r); err != nil {
		return nil, err
	}
	return &r, nil
}
