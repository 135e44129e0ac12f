package client

import (
	"messiah/core/addr"
	"messiah/core/check"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// Status is what a client has seen, for oracles and bots.
type Status struct {
	State                                    State
	Account                                  string
	Entity                                   addr.EntityID
	Calls                                    check.Tally
	Open                                     int
	Refusals, Kicks, Resumes, Logins, Losses uint64
	Refused                                  proto.LoginRefused // the latest refusal of a login
	LedgerFaults                             uint64
	Counted                                  uint64 // calls that the avatar remembers, by its own word
	Kept                                     uint64 // of these, the ones that are in the store
	Forgotten                                uint64 // answers of an avatar that remembered no more than those
	Rejected                                 uint64 // calls that the avatar does not know, or not like this
	PushGaps, PushDisorder                   uint64
	Moves                                    uint64
	Migrations                               uint64   // of the avatar, as the gates tell
	Answers                                  []Answer // of calls that somebody had it make, the latest last
	Corrections                              uint64   // of moves that were refused
	Heard                                    []Heard  // of an Asked client, the latest last
	// Older is the side whose version is older, as a gate last told when it took or refused this
	// client: session.OlderClient, session.OlderServer, or empty.
	Older string
}

// Inspect returns what the client has seen.
func (c *Client) Inspect() Status {
	return Status{
		State: c.state, Account: c.cfg.Account, Entity: c.entity, Calls: c.calls.Tally(), Open: c.calls.Open(),
		Refusals: c.refusals, Refused: c.refused, Kicks: c.kicks, Resumes: c.resumes, Logins: c.logins, Losses: c.losses,
		LedgerFaults: c.ledgerFaults, Counted: c.counted, Kept: c.kept, Forgotten: c.forgotten, Rejected: c.rejected, PushGaps: c.pushes.Gaps(), PushDisorder: c.pushes.Disorder(),
		Moves: c.moves, Migrations: c.migrations, Corrections: c.corrections, Older: c.older, Answers: c.answers, Heard: c.heard,
	}
}

// State reads or writes the whole state.
func (c *Client) State(w *wire.Coder) {
	c.id.Code(w)
	w.Uint8((*uint8)(&c.state))
	w.Int(&c.gate)
	w.String(&c.older)
	w.Bool(&c.resume)
	w.Int(&c.tries)
	w.Int(&c.refusedDials)
	w.Int64((*int64)(&c.dialled))
	w.Int64((*int64)(&c.lostAt))
	w.Int64((*int64)(&c.backoff))
	w.Bool(&c.stop)
	c.entity.Code(w)
	w.Struct(&c.calls)
	w.Struct(&c.pushes)
	wire.Map(w, &c.sentAt, (*wire.Coder).Uint64, func(w *wire.Coder, t *node.Time) { w.Int64((*int64)(t)) })
	w.Bool(&c.due)
	wire.Map(w, &c.asks, (*wire.Coder).Uint64, (*wire.Coder).Uint64)
	wire.Slice(w, &c.answers, func(w *wire.Coder, a *Answer) { w.Struct(a) })
	wire.Slice(w, &c.heard, func(w *wire.Coder, h *Heard) { w.Struct(h) })
	for _, n := range []*uint64{&c.refusals, &c.kicks, &c.resumes, &c.logins, &c.losses, &c.ledgerFaults, &c.counted, &c.kept, &c.forgotten, &c.rejected, &c.moves, &c.corrections, &c.migrations} {
		w.Uint64(n)
	}
	w.Int64((*int64)(&c.movedAt))
	w.Struct(&c.refused)
	w.Float64(&c.origin.X)
	w.Float64(&c.origin.Y)
	w.Float64(&c.origin.Z)
	w.Uint32(&c.place.Ack)
}
