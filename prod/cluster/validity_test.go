package cluster

import (
	"context"
	"testing"

	"messiah/core/addr"
	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/gate"
	"messiah/core/nav"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/schema"
	"messiah/core/wire"
	"messiah/prod/bots"
	"messiah/scenarios/siege"
)

// letters is the game of letters, in which nobody writes but on a client's word.
func letters() Title {
	return Title{
		Script: func() game.Script {
			return siege.Errands(&siege.Observer{}, &siege.Mail{Quiet: func() bool { return true }})
		},
		RPC:   siege.RPC(),
		Paths: func() (nav.Pathfinder, error) { return nav.Courtyard(), nil },
	}
}

// validity is the story of ann, who has addresses of others and uses them: the
// scenario address-validity over real sockets.
type validity struct {
	t         *testing.T
	site      *Site
	whole     *Whole
	transport string
	key       [32]byte
	ann       *bots.Swarm
}

// TestAddressValidity goes through the validity table of Proxy and Mailbox, cell by cell.
func TestAddressValidity(t *testing.T) {
	for _, transport := range []string{"kcp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			s, w := startTitle(t, letters(), 2, 2)
			key, err := s.Config.ServerKey("")
			if err != nil {
				t.Fatal(err)
			}
			v := &validity{t: t, site: s, whole: w, transport: transport, key: key}
			v.ann = v.enter("ann", 1, 1)
			v.fresh()
			v.afterResume()
			v.afterLoginOnTheSameGate()
			v.afterLoginOnAnotherGate()
			v.afterUnload()
			v.afterTheGateDied()
		})
	}
}

// must waits for a condition.
func (v *validity) must(what string, is func() bool) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if !look(ctx, is) {
		v.t.Fatalf("never: %s", what)
	}
}

// account is how bots name the first of a prefix.
func account(name string) string { return name + "1" }

// enter starts a quiet client with a label of its own at one of the gates and waits until it is in.
func (v *validity) enter(name string, at int, label byte) *bots.Swarm {
	v.t.Helper()
	s, err := bots.Start(bots.Config{
		Gates: v.whole.Clients(v.transport)[at-1 : at], ServerKey: v.key, Version: v.site.Version(), Clients: 1, Prefix: name,
		RPC: siege.RPC(), Method: string(siege.Learn), Client: addr.ClientID{15: label}, StayKicked: true, Loops: 1,
	})
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { v.leave(s) })
	v.must(name+" is in", func() bool { return v.status(s).State == client.In })
	return s
}

// leave logs a client out; a second time is nothing.
func (v *validity) leave(s *bots.Swarm) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	s.Stop(ctx)
}

func (v *validity) status(s *bots.Swarm) client.Status {
	st, _ := s.Status(0)
	return st
}

// ask has ann call her runner and returns what the call gave.
func (v *validity) ask(method uint16, args []byte) client.Answer {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	a, err := v.ann.Ask(ctx, 0, method, args)
	if err != nil {
		v.t.Fatal(err)
	}
	return a
}

// card returns where the post says that an account's runner lives; nil where it does not know.
func (v *validity) card(name string) (card *siege.Card) {
	for _, g := range v.whole.Games {
		g.Inspect(func(h *node.Host) {
			for r := range h.Node().(*game.Game).World().Residents {
				if p, is := r.Entity().(*siege.Post); is {
					if c, known := p.Book.Get(name); known {
						card = &c
					}
				}
			}
		})
	}
	return card
}

// learn has ann's runner remember where somebody lives now, once the post knows it.
func (v *validity) learn(name string) {
	v.t.Helper()
	v.must("the post knows "+name, func() bool {
		card := v.card(account(name))
		at := v.lives(name)
		return card != nil && at != nil && card.Proxy == at.Proxy && card.Mailbox.Incarnation == at.Mailbox.Incarnation
	})
	word := account(name)
	args := schema.MustFor[string]().Append(new(wire.Encoder), nil, &word)
	if a := v.ask(siege.Number(siege.Learn), args); a.Outcome != proto.OutcomeOK {
		v.t.Errorf("ann cannot learn where %s lives: %v %s", name, a.Outcome, a.Result)
	}
}

// lives returns where an account's runner really lives, nil where it does not.
func (v *validity) lives(name string) (card *siege.Card) {
	for _, g := range v.whole.Games {
		g.Inspect(func(h *node.Host) {
			for r := range h.Node().(*game.Game).World().Residents {
				if p, is := r.Entity().(*siege.Runner); is && p.Account() == account(name) && p.HasClient() {
					card = &siege.Card{Mailbox: addr.Mailbox{Incarnation: r.Incarnation()}, Proxy: p.Proxy()}
				}
			}
		})
	}
	return card
}

// send has ann write by an address that she has learnt, and wants it to end so; nil is well.
func (v *validity) send(name string, via siege.Via, want error) {
	v.t.Helper()
	e := siege.Errand{Name: name, Via: via}
	if via != siege.ByStub {
		e.Name = account(name)
	}
	a := v.ask(siege.Number(siege.Send), schema.MustFor[siege.Errand]().Append(new(wire.Encoder), nil, &e))
	var word string
	err := schema.MustFor[string]().Decode(new(wire.Decoder), a.Result, &word)
	expected := "ok"
	if want != nil {
		expected = want.Error()
	}
	if a.Outcome != proto.OutcomeOK || err != nil || word != expected {
		v.t.Errorf("a letter to %s by address %d: %v %q, and it should be %q", name, via, a.Outcome, word, expected)
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
	if !cat.Drop(0) {
		v.t.Fatal("cat does not run")
	}
	v.send("cat", siege.ByMailbox, nil)
	v.send("cat", siege.ByProxy, nil)
	v.send("cat", siege.ByClient, nil)
	v.must("cat is back in the same session", func() bool { st := v.status(cat); return st.State == client.In && st.Resumes == 1 })
	v.send("cat", siege.ByProxy, nil)
	v.send("cat", siege.ByMailbox, nil)
	if st := v.status(cat); st.Logins != 1 || st.Losses != 0 {
		v.t.Errorf("cat logged in %d times and lost %d sessions", st.Logins, st.Losses)
	}
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
	v.must("gate1 has forgotten eve", func() bool { return !v.knows(1, "eve") })
	v.send("eve", siege.ByProxy, entity.ErrStaleProxy)
	v.learn("eve")
	v.send("eve", siege.ByProxy, nil)
	v.send("eve", siege.ByMailbox, nil)
}

// knows tells whether a gate has a client of an account.
func (v *validity) knows(index int, name string) (known bool) {
	v.whole.Gates[index-1].Inspect(func(h *node.Host) {
		for c := range h.Node().(*gate.Gate).Clients() {
			known = known || c.Account == account(name)
		}
	})
	return known
}

// afterUnload: the mailbox is stale although the entity was loaded again; the
// proxy is good where the same client came back to the same gate.
func (v *validity) afterUnload() {
	fay := v.enter("fay", 1, 8)
	v.learn("fay")
	v.leave(fay)
	v.must("fay is saved and gone", func() bool { return v.lives("fay") == nil && !v.knows(1, "fay") && !v.loaded("fay") })
	v.enter("fay", 1, 8)
	v.send("fay", siege.ByProxy, nil)
	v.send("fay", siege.ByMailbox, entity.ErrStaleMailbox)
}

// loaded tells whether a game has an account's record.
func (v *validity) loaded(name string) (is bool) {
	for _, g := range v.whole.Games {
		g.Inspect(func(h *node.Host) {
			for a := range h.Node().(*game.Game).Avatars() {
				is = is || a.Account == account(name)
			}
		})
	}
	return is
}

// afterTheGateDied: a proxy of a gate that is gone is stale, as is a mailbox that was built with it.
func (v *validity) afterTheGateDied() {
	v.leave(v.ann)
	v.must("ann has left", func() bool { return !v.loaded("ann") })
	v.ann = v.enter("ann", 2, 9)
	v.enter("gil", 1, 10)
	v.learn("gil")
	one := v.whole.Gates[0]
	dead := one.Process().Self()
	built := v.card(account("gil")).Mailbox.Gate
	one.Process().Kill()
	v.must("the gate's end is known and its next life admits", func() bool {
		return one.Process().Self().Inc != dead.Inc && one.Ready() && v.whole.Manager.Ready()
	})
	gil := v.enter("gil", 1, 10)
	v.send("gil", siege.ByProxy, entity.ErrStaleProxy)
	if built == dead {
		v.send("gil", siege.ByMailbox, entity.ErrStaleMailbox)
	} else {
		v.send("gil", siege.ByMailbox, nil) // its gate lives, and so does the avatar
	}
	v.learn("gil")
	v.send("gil", siege.ByProxy, nil)
	v.send("gil", siege.ByMailbox, nil)
	if st := v.status(gil); st.State != client.In || st.Logins != 1 {
		v.t.Errorf("gil is %v after %d logins", st.State, st.Logins)
	}
}
