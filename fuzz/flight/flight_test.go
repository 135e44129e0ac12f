// Package flight holds that what production records, the simulator replays.
package flight

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"messiah/core/game"
	"messiah/core/nav"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/record"
	"messiah/prod/admin"
	"messiah/prod/bots"
	"messiah/prod/cluster"
	"messiah/prod/config"
	"messiah/scenarios/siege"
	"messiah/sim/flight"
)

// within bounds every wait of these tests.
const within = 40 * time.Second

// serve runs a cluster of two gates and two games on free ports with its admin address.
func serve(t *testing.T, recordMiB int) (*cluster.Site, *cluster.Whole, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := "127.0.0.1:0"
	c := config.Default()
	c.State, c.Record = filepath.Join(t.TempDir(), "state"), recordMiB
	c.SetGates(2)
	c.SetGames(2)
	c.Manager.Listen, c.DB.Listen = l.Addr().String(), free
	for i := range c.Games {
		c.Games[i].Listen = free
	}
	for i := range c.Gates {
		c.Gates[i].Clients = []string{"kcp://" + free, "tcp://" + free}
	}
	_ = l.Close() // its address is the manager's now
	title := cluster.Title{
		Script: func() game.Script { return siege.Script(nil) },
		RPC:    siege.RPC(),
		Paths:  func() (nav.Pathfinder, error) { return nav.Courtyard(), nil },
	}
	site, err := cluster.Open(c, title, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w, err := site.StartWhole()
	if err != nil {
		t.Fatal(err)
	}
	s := &admin.Server{Version: "of the test", Log: site.Log}
	for _, m := range w.Members() {
		s.Members = append(s.Members, m)
	}
	if err := s.Start(free); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if err := w.Stop(nil); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if !w.Manager.Steps(ctx, func(proto.Step) {}) {
		t.Fatal("the start did not come to its end")
	}
	return site, w, s.Addr()
}

// load has bots call as fast as they are answered, until the test ends; then every call has had its one outcome.
func load(t *testing.T, site *cluster.Site, w *cluster.Whole, transport string) {
	t.Helper()
	key, err := site.Config.ServerKey("")
	if err != nil {
		t.Fatal(err)
	}
	s, err := bots.Start(bots.Config{
		Gates: w.Clients(transport), ServerKey: key, Version: site.Version(), Clients: 30, Prefix: transport, RPC: siege.RPC(), Method: string(siege.Count),
		Payload: 500, Outstanding: 8, Log: site.Log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		lost, last := s.Finish()
		if n := lost + last.Lost + last.Doubled + last.Reordered; n > 0 || last.Done == 0 {
			t.Errorf("%s: %d calls answered, %d faults: %v", transport, last.Done, n, last.Faults)
		}
	})
}

// take asks a role for its recording, as the command does.
func take(t *testing.T, addr string, role node.ID) (rec *record.Recording, size int) {
	t.Helper()
	file, err := admin.Record(context.Background(), addr, role)
	if err != nil {
		t.Fatal(err)
	}
	if rec, err = record.Read(file); err != nil {
		t.Fatal(err)
	}
	return rec, len(file)
}

// takeLater asks until the role has forgotten its start.
func takeLater(t *testing.T, addr string, role node.ID) (rec *record.Recording, size int) {
	t.Helper()
	for deadline := time.Now().Add(within); ; {
		if rec, size = take(t, addr, role); rec.Head.Lost > 0 {
			return rec, size
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v has forgotten nothing of %d bytes within %v", role, size, within)
		}
	}
}

// replay replays a recording; nothing may differ.
func replay(t *testing.T, rec *record.Recording, size int) {
	t.Helper()
	r, err := flight.Play(rec, flight.Options{
		Script: func() game.Script { return siege.Script(nil) }, Version: proto.Version(siege.RPC().Schema(), siege.RPC().Digest()),
	})
	if err != nil {
		t.Fatal(err)
	}
	role := rec.Head.Self.ID
	if r.First != nil || r.Compare.Messages == 0 || r.Events == 0 || r.Compare.States != uint64(len(rec.Segments)) {
		t.Errorf("%v differs after %d messages: %+v", role, r.Compare.Messages, r.First)
	}
	t.Logf("%v: %d bytes, %d segments forgotten, %v, %d events, %d messages, %d others, %d states", role, size, rec.Head.Lost, r.Span,
		r.Events, r.Compare.Messages, r.Compare.Others, r.Compare.States)
}

// Recordings that are taken while 60 clients call as fast as they can replay to
// the same messages, of every role; of gates and games also after they have forgotten the start.
func TestRecordingsUnderLoadReplayToTheSameMessages(t *testing.T) {
	site, w, addr := serve(t, 1)
	load(t, site, w, "kcp")
	load(t, site, w, "tcp")
	gates := []node.ID{node.NewID(node.Gate, 1), node.NewID(node.Gate, 2)}
	games := []node.ID{node.NewID(node.Game, 1), node.NewID(node.Game, 2)}
	for _, role := range append(gates, games...) {
		rec, size := take(t, addr, role)
		replay(t, rec, size)
		rec, size = takeLater(t, addr, role)
		replay(t, rec, size)
	}
	for _, role := range []node.ID{node.NewID(node.DB, 1), node.NewID(node.Manager, 1)} {
		rec, size := take(t, addr, role)
		replay(t, rec, size)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	_, _, addr := serve(t, 0)
	for role, want := range map[node.ID]string{
		node.NewID(node.Gate, 1): "gate1 keeps no recording: set the key record to some MiB and start it again",
		node.NewID(node.Gate, 9): "gate9 is in another process; this one has gate1, gate2, game1, game2, db1, manager1: name the admin address of gate9 with --admin",
	} {
		if _, err := admin.Record(context.Background(), addr, role); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", role, err, want)
		}
	}
	if _, err := admin.Record(context.Background(), "127.0.0.1:1", node.NewID(node.Gate, 1)); err == nil || !strings.Contains(err.Error(), "nobody answers at 127.0.0.1:1") {
		t.Errorf("where nobody is: %v", err)
	}
}
