package client

import (
	"messiah/core/entity"
	"messiah/core/proto"
	"messiah/core/rpc"
	"messiah/core/schema"
	"messiah/core/wire"
)

// AskOf returns the order to a client to call a method of its avatar; its answer
// has the same key. A method that the table has not, or an argument that cannot be
// written, is the caller's bug and panics.
func AskOf[A, R any](t *rpc.Table, key uint64, m entity.Method[A, R], args A) proto.Ask {
	number, known := t.Number(string(m))
	if !known {
		panic("client: the table of names has no method " + string(m))
	}
	return proto.Ask{Key: key, Method: number, Args: schema.MustFor[A]().Append(new(wire.Encoder), nil, &args)}
}

// ResultOf reads how a call of the method ended: its result, or the error that says
// why there is none, as package entity has them.
func ResultOf[A, R any](_ entity.Method[A, R], a Answer) (result R, err error) {
	if err := entity.ErrorOf(a.Outcome, string(a.Result)); err != nil {
		return result, err
	}
	err = schema.MustFor[R]().Decode(new(wire.Decoder), a.Result, &result)
	return result, err
}

// HeardOf returns what a client was pushed by a name, the oldest first, as far as
// the status tells of it. Arguments of another type are the caller's bug and panic.
func HeardOf[A any](t *rpc.Table, p entity.Push[A], s Status) []A {
	number, known := t.Number(string(p))
	if !known {
		panic("client: the table of names has no push " + string(p))
	}
	var all []A
	for i := range s.Heard {
		if s.Heard[i].Method != number {
			continue
		}
		var a A
		if err := schema.MustFor[A]().Decode(new(wire.Decoder), s.Heard[i].Args, &a); err != nil {
			panic("client: push " + string(p) + ": " + err.Error())
		}
		all = append(all, a)
	}
	return all
}
