package tutorial

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"messiah/core/entity"
	"messiah/prod/bots"
	"messiah/prod/cluster"
	"messiah/prod/config"
	"messiah/scenarios/inn"
)

// within bounds every wait of these tests.
const within = 40 * time.Second

// opened runs the inn on free ports until the test ends.
func opened(t *testing.T, ctx context.Context) (*cluster.Site, *cluster.Whole) {
	t.Helper()
	free := "127.0.0.1:0"
	c := config.Default()
	c.State = filepath.Join(t.TempDir(), "state")
	c.SetGates(2)
	c.SetGames(2)
	c.DB.Listen, c.Manager.Listen = free, freeAddr(t)
	for i := range c.Games {
		c.Games[i].Listen = free
	}
	for i := range c.Gates {
		c.Gates[i].Clients = []string{"kcp://" + free, "tcp://" + free}
	}
	site, err := cluster.Open(c, cluster.Title{Script: inn.Script}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	until, close := context.WithCancel(context.Background())
	open, left := make(chan *cluster.Whole, 1), make(chan error, 1)
	go func() { left <- site.Serve(until, func(w *cluster.Whole) { open <- w }) }()
	t.Cleanup(func() {
		close()
		if err := <-left; err != nil {
			t.Error(err)
		}
	})
	select {
	case w := <-open:
		return site, w
	case <-ctx.Done():
		t.Fatal("the inn does not open")
	}
	return nil, nil
}

// freeAddr is a loopback address that nothing listens on now: the manager's has to be known before it starts.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// guests lets so many clients in by a transport; their accounts are the transport's name and a number from 1.
func guests(t *testing.T, ctx context.Context, s *cluster.Site, w *cluster.Whole, transport string, n int) *bots.Swarm {
	t.Helper()
	key, err := s.Config.ServerKey("")
	if err != nil {
		t.Fatal(err)
	}
	b, err := bots.Start(bots.Config{
		Gates: w.Clients(transport), ServerKey: key, Version: s.Version(), Clients: n, Prefix: transport, RPC: s.Title.RPC, Asked: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !b.AllIn(ctx) {
		t.Errorf("not all guests are in by %s", transport)
	}
	return b
}

// did has a guest do what has to succeed.
func did[A, R any](t *testing.T, ctx context.Context, b *bots.Swarm, n int, m entity.Method[A, R], args A) R {
	t.Helper()
	r, err := bots.Do(ctx, b, n, m, args)
	if err != nil {
		t.Fatalf("%s by guest %d: %v", m, n+1, err)
	}
	return r
}

// TestTheInnOverSockets is the story of package evening over real KCP and TCP.
func TestTheInnOverSockets(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	site, whole := opened(t, ctx)
	kcp, tcp := guests(t, ctx, site, whole, "kcp", 2), guests(t, ctx, site, whole, "tcp", 2)
	swarms := []*bots.Swarm{kcp, tcp}
	for _, b := range swarms {
		plays(t, ctx, b)
	}
	for i, who := range []string{"kcp1", "tcp1"} {
		line := inn.Line{Who: who, Text: "good evening"}
		did(t, ctx, swarms[i], 0, inn.Say, inn.Line{Text: line.Text})
		for j, b := range swarms {
			for n := range 2 {
				if err := bots.Hears(ctx, b, n, inn.Heard, func(all []inn.Line) bool { return slices.Contains(all, line) }); err != nil {
					t.Errorf("guest %d of swarm %d never hears %+v: %v", n+1, j, line, err)
				}
			}
		}
	}
	// Who logs out is saved; who comes back by the other transport finds it.
	if end := tcp.Stop(ctx); end.Ended != 2 {
		t.Errorf("%+v", end)
	}
	again := guests(t, ctx, site, whole, "tcp", 1)
	if got := did(t, ctx, again, 0, inn.Look, entity.None{}); got.Score != 5 || len(got.Bag) != 8 {
		t.Errorf("afterwards the guest has %+v", got)
	}
	// A game that is killed takes nothing along that was saved.
	for _, g := range whole.Games {
		g.Process().Kill()
	}
	var got inn.Sheet
	for err := error(entity.ErrLost); err != nil && ctx.Err() == nil; {
		got, err = bots.Do(ctx, again, 0, inn.Look, entity.None{})
	}
	if got.Score != 5 || len(got.Bag) != 8 {
		t.Errorf("after the games were killed the guest has %+v", got)
	}
	again.Stop(ctx)
	kcp.Stop(ctx)
}

// plays has the first guest of a swarm fill its bag, be bitten, and slay a rat.
func plays(t *testing.T, ctx context.Context, b *bots.Swarm) {
	t.Helper()
	for n := 1; n <= 8; n++ {
		if got := did(t, ctx, b, 0, inn.Take, "mug"); got != n {
			t.Errorf("thing %d is number %d in the bag", n, got)
		}
	}
	if _, err := bots.Do(ctx, b, 0, inn.Take, "straw"); err == nil || err.Error() != "the bag is full" {
		t.Errorf("a full bag takes one more thing: %v", err)
	}
	did(t, ctx, b, 0, inn.Hunt, entity.None{})
	if err := bots.Hears(ctx, b, 0, inn.Bitten, func(bites []int) bool { return slices.Equal(bites, []int{1, 2, 3}) }); err != nil {
		t.Errorf("the rat does not bite three times: %v", err)
	}
	did(t, ctx, b, 0, inn.Hunt, entity.None{})
	did(t, ctx, b, 0, inn.Strike, entity.None{})
	for did(t, ctx, b, 0, inn.Look, entity.None{}).Score != 5 {
	}
}
