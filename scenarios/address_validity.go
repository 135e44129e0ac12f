package scenarios

import (
	"time"

	"messiah/core/addr"
	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/proto"
	"messiah/core/schema"
	"messiah/core/wire"
	"messiah/netsim"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// addressValidity goes through the validity table of Proxy and Mailbox, cell by cell.
func addressValidity() *sim.Scenario {
	return &sim.Scenario{
		Name:  "address-validity",
		About: "A Proxy and a Mailbox reach what they promise, for as long as they promise, and are told stale from then on.",
		Game:  Letters(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Gates, o.Games, o.Clients = 2, 1+s.Choose("games", 3), 1
			o.Stall, o.StoreLose, o.StoreDouble, o.ClientLink = 0, 0, 0, netsim.LAN()
			o.Grace = 5 * time.Second
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.KeepQuiet()
			v := validity{Story: s}
			v.ann = v.enter("ann", 1, 1)
			v.fresh()
			v.afterResume()
			v.afterLoginOnTheSameGate()
			v.afterLoginOnAnotherGate()
			v.afterUnload()
			v.afterTheGateDied()
		},
	}
}

// validity is the story of ann, who has addresses of others and uses them.
type validity struct {
	*sim.Story
	ann *sim.Player
	key uint64
}

// enter starts a quiet client with a label of its own at one of the gates and waits until it is in.
func (v *validity) enter(account string, gate int, label byte) *sim.Player {
	p := v.NewPlayer(account, func(c *client.Config) {
		c.Gates, c.Method, c.CallEvery, c.StayKicked = c.Gates[gate-1:gate], string(siege.Learn), time.Hour, true
		c.Client = addr.ClientID{15: label}
	})
	p.Start()
	v.Must(account+" is in", p.In, 20*time.Second)
	p.Work(proto.Workload{})
	return p
}

// ask has ann call her runner and returns what the call gave.
func (v *validity) ask(method uint16, args []byte) client.Answer {
	v.key++
	v.ann.Ask(v.key, method, args)
	v.Must("ann is answered", func() bool { _, ended := v.ann.Answered(v.key); return ended }, 20*time.Second)
	a, _ := v.ann.Answered(v.key)
	return a
}

// learn has ann's runner remember where somebody lives now, once the post knows it.
func (v *validity) learn(account string) {
	v.Go(time.Second)
	name := schema.MustFor[string]().Append(new(wire.Encoder), nil, &account)
	if a := v.ask(siege.Number(siege.Learn), name); a.Outcome != proto.OutcomeOK {
		v.Violate("delivered-or-told", "ann cannot learn where %s lives: %v %s", account, a.Outcome, a.Result)
	}
}

// send has ann write by an address that she has learnt, and wants it to end so; nil is well.
func (v *validity) send(account string, via siege.Via, want error) {
	e := siege.Errand{Name: account, Via: via}
	a := v.ask(siege.Number(siege.Send), schema.MustFor[siege.Errand]().Append(new(wire.Encoder), nil, &e))
	var word string
	err := schema.MustFor[string]().Decode(new(wire.Decoder), a.Result, &word)
	expected := "ok"
	if want != nil {
		expected = want.Error()
	}
	if a.Outcome != proto.OutcomeOK || err != nil || word != expected {
		v.Violate("delivered-or-told", "a letter to %s by address %d: %v %q, and it should be %q", account, via, a.Outcome, word, expected)
	}
}

// fresh: both reach the entity, the proxy the client as well.
func (v *validity) fresh() {
	v.enter("ben", 1, 2)
	v.learn("ben")
	v.send("ben", siege.ByProxy, nil)
	v.send("ben", siege.ByMailbox, nil)
	v.send("ben", siege.ByClient, nil)
	v.send("ben", siege.ClientByMailbox, entity.ErrNoClient)
	v.send(string(siege.Posts), siege.ByStub, nil)
	v.send("nobody", siege.ByStub, entity.ErrNoStub)
}

// afterResume: both are good; in between the entity is reached, and the client when it comes back.
func (v *validity) afterResume() {
	cat := v.enter("cat", 2, 3)
	v.learn("cat")
	cat.Drop()
	v.send("cat", siege.ByMailbox, nil)
	v.send("cat", siege.ByProxy, nil)
	v.send("cat", siege.ByClient, nil)
	v.Must("cat is back", cat.In, 10*time.Second)
	v.send("cat", siege.ByProxy, nil)
	v.send("cat", siege.ByMailbox, nil)
}

// afterLoginOnTheSameGate: the proxy means the place on the gate, whoever sits in it.
func (v *validity) afterLoginOnTheSameGate() {
	v.enter("dan", 1, 4)
	v.learn("dan")
	v.enter("dan", 1, 5)
	v.send("dan", siege.ByProxy, nil)
	v.send("dan", siege.ByClient, nil)
	v.send("dan", siege.ByMailbox, nil)
}

// afterLoginOnAnotherGate: the proxy's gate knows no such client any more; the entity was not unloaded.
func (v *validity) afterLoginOnAnotherGate() {
	v.enter("eve", 1, 6)
	v.learn("eve")
	v.enter("eve", 2, 7)
	v.Go(time.Second)
	v.send("eve", siege.ByProxy, entity.ErrStaleProxy)
	v.learn("eve")
	v.send("eve", siege.ByProxy, nil)
	v.send("eve", siege.ByMailbox, nil)
}

// afterUnload: the mailbox is stale although the entity was loaded again; the
// proxy is good where the same client came back to the same gate.
func (v *validity) afterUnload() {
	fay := v.enter("fay", 1, 8)
	v.learn("fay")
	fay.Leave()
	v.Must("fay's record is free", func() bool { return v.HasRecord("fay") }, 20*time.Second)
	v.learn("ben") // the book keeps what it has of fay
	v.enter("fay", 1, 8)
	v.send("fay", siege.ByProxy, nil)
	v.send("fay", siege.ByMailbox, entity.ErrStaleMailbox)
}

// afterTheGateDied: a proxy of a gate that is gone is stale, as is a mailbox that was built with it.
func (v *validity) afterTheGateDied() {
	v.ann.Leave()
	v.Must("ann has left", func() bool { return !v.ann.Runs() }, 10*time.Second)
	v.ann = v.enter("ann", 2, 9)
	gil := v.enter("gil", 1, 10)
	v.learn("gil")
	life, logins := v.Life(sim.GateID(1)), gil.Status().Logins
	v.Crash(sim.GateID(1), 200*time.Millisecond)
	v.Must("the gate's end is known", func() bool { return v.Life(sim.GateID(1)) != life && v.Admits() }, 20*time.Second)
	v.Must("gil is in again", func() bool { return gil.In() && gil.Status().Logins > logins }, 60*time.Second)
	v.send("gil", siege.ByProxy, entity.ErrStaleProxy)
	v.learn("gil")
	v.send("gil", siege.ByProxy, nil)
	v.send("gil", siege.ByMailbox, nil)
}
