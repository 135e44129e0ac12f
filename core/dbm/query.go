package dbm

import (
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// query is one query under way.
type query struct {
	from node.Peer
	num  uint64
}

func (q *query) Code(c *wire.Coder) {
	q.from.Code(c)
	c.Uint64(&q.num)
}

// query hands a game's question on to the store. Queries wait for nothing that
// goes on with records: what they find is what was committed.
func (d *DB) query(env *node.Env, from node.Peer, m *proto.Query) {
	if len(d.queries) >= MaxQueries || m.Class == "" {
		env.Mark("query-refused")
		d.answer(env, from, &proto.Found{Num: m.Num, Failed: true})
		return
	}
	op := d.begin(env)
	d.queries[op] = query{from, m.Num}
	d.toStore(env, &proto.StoreFind{Num: op, Class: m.Class, Field: m.Field, Value: m.Value, Limit: m.Limit})
}

// listed answers a query with what the store found.
func (d *DB) listed(env *node.Env, m *proto.StoreListed) {
	q, known := d.queries[m.Num]
	if !known {
		env.Mark("store-answer-without-question")
		return
	}
	delete(d.queries, m.Num)
	env.Cancel(timerStore, m.Num)
	found := proto.Found{Num: q.num, Keys: m.Keys, More: m.More, Failed: m.Failed}
	d.answerLong(env, q.from, &found, &proto.Found{Num: q.num, Failed: true})
}
