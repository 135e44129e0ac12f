package cluster

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/nav"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/rpc"
	"messiah/prod/bots"
	"messiah/prod/config"
)

// within bounds every wait of these tests.
const within = 40 * time.Second

// bird is an avatar that remembers nothing, and perch a stub.
type (
	bird  struct{ entity.AvatarEntity }
	perch struct{ entity.ServerStubEntity }
)

const (
	birds   entity.Kind[*bird]            = "bird"
	perches entity.Kind[*perch]           = "perch"
	echo    entity.Method[[]byte, []byte] = "echo"
)

func (*bird) echo(_ *entity.Call, args []byte) ([]byte, error) { return args, nil }

// parrot is a game that answers each call with what it says.
func parrot() Title {
	names := rpc.Build([]string{string(echo)})
	return Title{
		Script: func() game.Script {
			return game.Script{
				Classes: []*entity.Class{
					entity.Define(birds, entity.Handle(echo, (*bird).echo, entity.OwnClient)), entity.Define(perches),
				},
				Table: names, Avatar: string(birds),
			}
		},
		RPC:   names,
		Paths: func() (nav.Pathfinder, error) { return nav.Courtyard(), nil },
	}
}

// startWhole runs a cluster of parrots.
func startWhole(t *testing.T, gates, games int) (*Site, *Whole) {
	t.Helper()
	return startTitle(t, parrot(), gates, games)
}

// startTitle runs a cluster on free ports until the test ends.
func startTitle(t *testing.T, title Title, gates, games int) (*Site, *Whole) {
	t.Helper()
	others := goleak.IgnoreCurrent() // of libraries that start some when they are loaded
	c := config.Default()
	c.State = filepath.Join(t.TempDir(), "state")
	c.SetGates(gates)
	c.SetGames(games)
	free := "127.0.0.1:0"
	c.DB.Listen = free
	c.Manager.DeadAfter = 50 * time.Millisecond
	for i := range c.Games {
		c.Games[i].Listen = free
	}
	for i := range c.Gates {
		c.Gates[i].Clients = []string{"kcp://" + free, "tcp://" + free}
	}
	c.Manager.Listen = freeAddr(t)
	s, err := Open(c, title, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.StartWhole()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Stop(nil); err != nil {
			t.Error(err)
		}
		goleak.VerifyNone(t, others)
	})
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	next := proto.StepStarted
	admitted := w.Manager.Steps(ctx, func(step proto.Step) {
		if step != next {
			t.Errorf("step %v, want %v", step, next)
		}
		next++
	})
	if !admitted || next != proto.StepAdmit+1 {
		t.Fatalf("the start came to %v", next-1)
	}
	return s, w
}

func measure(t *testing.T, s *Site, w *Whole, transport string) bots.Report {
	t.Helper()
	key, err := s.Config.ServerKey("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := bots.Measure(context.Background(), bots.Config{
		Gates: w.Clients(transport), ServerKey: key, Version: s.Version(), Clients: 12, Prefix: transport, RPC: s.Title.RPC, Method: "echo",
		Outstanding: 4, LoginsPerSecond: 200,
	}, 300*time.Millisecond, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAWholeClusterServesBotsAndLeavesNothing(t *testing.T) {
	s, w := startWhole(t, 2, 2)
	for _, transport := range []string{"kcp", "tcp"} {
		r := measure(t, s, w, transport)
		if !r.Verified || r.Connected != 12 || r.LoggedOut != 12 || r.Errors != 0 || r.Calls == 0 {
			t.Errorf("%s: %+v", transport, r)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for _, g := range w.Games {
		// An avatar goes once its last save is in the store, a moment after the logout.
		empty := look(ctx, func() (empty bool) {
			g.Inspect(func(h *node.Host) { empty = h.Node().(*game.Game).Inspect().Avatars == 0 })
			return empty
		})
		if !empty {
			t.Errorf("%v keeps avatars of bots that have logged out", g.ID())
		}
	}
}

func TestAProcessThatDiesIsStartedAgainAsAnother(t *testing.T) {
	s, w := startWhole(t, 2, 2)
	for _, m := range []*Member{w.Games[0], w.Gates[1], w.DB} {
		old := m.Process().Self()
		m.Process().Kill()
		ctx, cancel := context.WithTimeout(context.Background(), within)
		back := look(ctx, func() bool {
			return m.Lives() == 2 && m.Process().Self().Inc != old.Inc && m.Ready() && w.Manager.Ready()
		})
		cancel()
		if !back {
			t.Fatalf("%v did not come back", m.ID())
		}
	}
	if r := measure(t, s, w, "tcp"); !r.Verified || r.Connected != 12 {
		t.Errorf("afterwards: %+v", r)
	}
}

func TestAnAddressInUseNamesItsKey(t *testing.T) {
	s, w := startWhole(t, 1, 1)
	taken := w.Gates[0].Clients()[1]
	s.Config.Gates = append(s.Config.Gates, config.Gate{Clients: []string{taken}})
	_, err := s.Start(node.NewID(node.Gate, 2))
	want := "config: gates[1].clients[0]: cannot listen on " + taken + ": address already in use"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
