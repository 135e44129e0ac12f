package scenarios

import (
	"time"

	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/schema"
	"messiah/core/wire"
	"messiah/netsim"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// stubLost kills the game of a stub, and the next one at each step of its coming back.
func stubLost() *sim.Scenario {
	return &sim.Scenario{
		Name:  "stub-lost",
		About: "A stub whose game is lost comes back on another, once, with what it had saved, whichever step that is cut short.",
		Marks: []string{"declared-dead-game"},
		Game:  Letters(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Games, o.Clients, o.Stall, o.ClientLink = 3, 2+s.Choose("clients", 2), 0, netsim.LAN()
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			quiet := s.NewPlayer("quiet", func(c *client.Config) { c.Method, c.CallEvery = string(siege.Learn), 10*time.Hour })
			quiet.Start()
			s.Must("one who only asks is in", quiet.In, 20*time.Second)
			quiet.Work(proto.Workload{})
			s.Go(3 * time.Second) // the book is saved
			s.Players[0].Leave()  // what the post knows of it, it knows from its record alone
			s.Must("it has left", func() bool { return s.HasRecord(s.Players[0].Account()) }, 20*time.Second)
			loseTheStub(s)
			s.Must("the stub is back", func() bool { return s.StubGame(string(siege.Posts)) != 0 && s.Admits() }, 90*time.Second)
			s.KeepQuiet() // a letter to a stale address would have the runner throw its book away
			s.Go(5 * time.Second)
			remembers(s, quiet)
		},
	}
}

// loseTheStub crashes the game that has the stub, and another one right behind a step of its coming back.
func loseTheStub(s *sim.Story) {
	step := choice.Pick(s.Draw(), "step", []string{"", "primary", "claim", "claimed", "stubs"})
	talk := "login"
	if step == "primary" || step == "stubs" {
		talk = "start"
	}
	game := s.StubGame(string(siege.Posts))
	s.Crash(game, time.Duration(1+s.Pick("restart", 40))*250*time.Millisecond)
	if step != "" {
		s.OnStep(talk, step, 0, 0, func(node.ID) {
			if next := s.Tending(proto.StubKey(string(siege.Posts))); next != 0 && next != game {
				s.Crash(next, 2*time.Second)
			}
		})
	}
	s.Go(12 * time.Second)
}

// remembers wants the post to know the address of who has left since it was saved.
func remembers(s *sim.Story, p *sim.Player) {
	ask := func(key uint64, method uint16, args []byte) client.Answer {
		s.Must("one who only asks is in", p.In, 60*time.Second)
		p.Ask(key, method, args)
		s.Must("one who only asks is answered", func() bool { _, ended := p.Answered(key); return ended }, 60*time.Second)
		a, _ := p.Answered(key)
		return a
	}
	name := s.Players[0].Account()
	e := siege.Errand{Name: name, Via: siege.ByMailbox}
	for key := uint64(1); key < 40; key += 2 { // calls may meet a game's end yet
		learn := ask(key, siege.Number(siege.Learn), schema.MustFor[string]().Append(new(wire.Encoder), nil, &name))
		send := ask(key+1, siege.Number(siege.Send), schema.MustFor[siege.Errand]().Append(new(wire.Encoder), nil, &e))
		var word string
		if learn.Outcome == proto.OutcomeOK && send.Outcome == proto.OutcomeOK && schema.MustFor[string]().Decode(new(wire.Decoder), send.Result, &word) == nil {
			if word != entity.ErrStaleMailbox.Error() {
				s.Violate("durable", "the address that the post had saved ends with %q", word)
			}
			return
		}
		if send.Outcome == proto.OutcomeFailed && learn.Outcome == proto.OutcomeOK {
			s.Violate("durable", "the post has forgotten who was in its record: %s", send.Result)
			return
		}
		s.Go(time.Second)
	}
	s.Violate("progress", "nobody can ask the post")
}
