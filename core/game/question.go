package game

import (
	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/ordered"
	"messiah/core/proto"
	"messiah/core/schema"
	"messiah/core/wire"
)

// MaxQuestions bounds the questions under way at the db; one more is refused.
const MaxQuestions = 1 << 12

// question is one that waits for the db's answer; a new db is asked again.
type question struct {
	kind  entity.QuestionKind
	num   uint64 // the world's number of it
	class string
	field string
	value string
	limit uint32
	key   string // of a record that a name is for
}

// Code reads or writes the question.
func (q *question) Code(c *wire.Coder) {
	c.Uint8((*uint8)(&q.kind))
	c.Uint64(&q.num)
	c.String(&q.class)
	c.String(&q.field)
	c.String(&q.value)
	c.Uint32(&q.limit)
	c.String(&q.key)
}

// question asks the db for an entity, or loads a record for it.
func (g *Game) question(env *node.Env, q *entity.Question) bool {
	if q.Kind == entity.LoadRecord {
		return g.loadRecord(env, q)
	}
	if len(g.questions) >= MaxQuestions {
		return false
	}
	kept := question{kind: q.Kind, num: q.Num, class: q.Class, field: q.Field, value: q.Value, limit: q.Limit}
	if q.Owner != nil {
		t := g.of[q.Owner]
		if t == nil {
			panic("game: a unique name is for an entity of a class that saves, and " + q.Class + " does not")
		}
		kept.key = t.record
	}
	g.lastNum++
	g.questions[g.lastNum] = kept
	g.askDB(env, g.lastNum, &kept)
	return true
}

func (g *Game) askDB(env *node.Env, num uint64, q *question) {
	name := proto.TakeName{Num: num, Class: q.class, Name: q.value, Key: q.key}
	switch q.kind {
	case entity.FindRecords:
		g.send(env, dbID, &proto.Query{Num: num, Class: q.class, Field: q.field, Value: q.value, Limit: q.limit})
	case entity.TakeName:
		g.send(env, dbID, &name)
	case entity.DropName:
		g.send(env, dbID, &proto.DropName{TakeName: name})
	}
}

// askQuestionsAgain repeats to a new db, or after a failure, what is still open. Each may be asked twice.
func (g *Game) askQuestionsAgain(env *node.Env) {
	for _, num := range ordered.Keys(g.questions) {
		q := g.questions[num]
		g.askDB(env, num, &q)
	}
}

// settled takes a question that is answered. One that failed, as the db could not
// tell, stays open and is asked again in a while.
func (g *Game) settled(env *node.Env, num uint64, kind entity.QuestionKind, failed bool) (question, bool) {
	if failed {
		env.Mark("question-asked-again")
		env.After(g.cfg.RetryEvery, timerQuestions, 0)
		return question{}, false
	}
	q, open := g.questions[num]
	if !open || q.kind != kind {
		env.Mark("answer-of-the-db-without-question")
		return question{}, false
	}
	delete(g.questions, num)
	return q, true
}

func (g *Game) found(env *node.Env, _ node.Peer, m *proto.Found) {
	q, ok := g.settled(env, m.Num, entity.FindRecords, m.Failed)
	if !ok {
		return
	}
	result := entity.Found{More: m.More}
	for _, r := range m.Keys {
		result.Records = append(result.Records, entity.FoundRecord{Key: r.Key, Entity: r.Entity})
	}
	g.tellResult(env, q.num, schema.MustFor[entity.Found]().Append(&g.encoder, nil, &result))
}

func (g *Game) nameTaken(env *node.Env, _ node.Peer, m *proto.NameTaken) {
	q, ok := g.settled(env, m.Num, entity.TakeName, m.Failed)
	switch {
	case !ok:
	case m.OK:
		g.tellResult(env, q.num, none())
	default:
		g.world.Answered(env, q.num, proto.OutcomeNameTaken, nil)
	}
}

func (g *Game) nameDropped(env *node.Env, _ node.Peer, m *proto.NameDropped) {
	if q, ok := g.settled(env, m.Num, entity.DropName, m.Failed); ok {
		g.tellResult(env, q.num, none())
	}
}

func (g *Game) tellResult(env *node.Env, num uint64, body []byte) {
	g.world.Answered(env, num, proto.OutcomeOK, body)
}

// none is an entity.None, encoded.
func none() []byte {
	return schema.MustFor[entity.None]().Append(new(wire.Encoder), nil, &entity.None{})
}

// loadRecord has the entity of a record live here, unless it lives somewhere.
func (g *Game) loadRecord(env *node.Env, q *entity.Question) bool {
	key := proto.EntityKey(q.ID)
	t := g.records[key]
	switch {
	case t == nil && g.tenants.Len() >= MaxTenants || g.stopping:
		return false
	case t == nil:
		t = &tenant{record: key, class: q.Class, id: q.ID, asked: []uint64{q.Num}}
		g.claim(env, t)
	default:
		// Loading, live, or on its way out: a live one is told of by the timer, behind the callback that asks.
		t.asked = append(t.asked, q.Num)
		env.After(0, timerAsked, t.key)
	}
	return true
}

// tellAsked answers who asked for a record, once it is clear where its entity lives.
func (g *Game) tellAsked(env *node.Env, t *tenant, o proto.Outcome, m addr.Mailbox) {
	asked := t.asked
	t.asked = nil
	for _, num := range asked {
		if o != proto.OutcomeOK {
			g.world.Answered(env, num, o, nil)
			continue
		}
		g.tellResult(env, num, schema.MustFor[addr.Mailbox]().Append(&g.encoder, nil, &m))
	}
}

// born makes a new entity, whose class saves, the tenant of a record of its own.
func (g *Game) born(env *node.Env, r *entity.Resident) bool {
	if g.tenants.Len() >= MaxTenants {
		return false
	}
	t := &tenant{record: proto.EntityKey(r.ID()), class: r.Class().Name(), id: r.ID(), state: live, resident: r}
	g.of[r] = t
	g.claim(env, t)
	return true
}

// claims tells whether the tenant waits for its record: it has none to begin with, or is just made.
func (t *tenant) claims() bool {
	return t.state == loading || t.owner == 0 || t.taking
}

// registered goes on with an entity that was made here and has its record now.
func (g *Game) registered(env *node.Env, t *tenant) {
	if t.resident != nil {
		g.world.Registered(t.resident, t.owner)
	}
	switch {
	case t.state == unloading || t.save.taken: // a save that the db before has not answered
		g.ask(env, t)
	case t.again:
		t.again = false
		g.saveNow(env, t)
	}
}

func (g *Game) codeQuestions(c *wire.Coder) {
	wire.Map(c, &g.questions, (*wire.Coder).Uint64, func(c *wire.Coder, q *question) { c.Struct(q) })
}
