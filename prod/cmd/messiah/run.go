package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/prod/admin"
	"messiah/prod/bots"
	"messiah/prod/cluster"
	"messiah/prod/config"
	"messiah/scenarios/siege"
)

type runCommand struct {
	configFlags
	Gates     int           `help:"Gates; 0: as configured." default:"0"`
	Games     int           `help:"Games; 0: as configured." default:"0"`
	Bots      int           `help:"Clients that log in and call." default:"0"`
	Transport string        `help:"How the bots connect: kcp or tcp." enum:"kcp,tcp" default:"kcp"`
	Every     time.Duration `help:"Between two calls of one bot." default:"50ms"`
	For       time.Duration `help:"Stop after so long; 0: at Ctrl-C." default:"0s"`
}

// Help is the example.
func (runCommand) Help() string {
	return "Starts manager, db, gates and games over real sockets on loopback, with the store under the state directory.\n" +
		"Ctrl-C drains and stops it.\n\nExample:\n\n  messiah run --gates 2 --games 3 --bots 50"
}

// Run runs the whole cluster.
func (r *runCommand) Run(to streams) error {
	if r.Gates < 0 || r.Games < 0 || r.Bots < 0 || r.Bots > bots.MaxClients || r.Every < 0 {
		return usage(fmt.Errorf("messiah: run: --gates, --games and --bots (at most %d) count, and --every is a time", bots.MaxClients))
	}
	c, err := r.load(to, r.Gates, r.Games)
	if err != nil {
		return err
	}
	ctx, quit := interrupted(to)
	if r.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.For)
		defer cancel()
	}
	err = r.serve(ctx, to, c)
	quit()
	if err != nil {
		return err
	}
	if left := goroutinesLeft(); len(left) > 0 {
		return fmt.Errorf("messiah: %d goroutines are left:\n\n%s", len(left), strings.Join(left, "\n\n"))
	}
	fmt.Fprintln(to.out, "stopped; no goroutine of ours is left")
	return nil
}

func (r *runCommand) serve(ctx context.Context, to streams, c config.Config) error {
	log := logger(c.Log, slog.LevelWarn, to)
	began := time.Now()
	site, err := open(c, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(to.out, "manager, db, %d games and %d gates in one process\n", len(c.Games), len(c.Gates))
	w, err := site.StartWhole()
	if err != nil {
		return err
	}
	server, err := serveWhole(w, c.Manager.Admin, log)
	if err == nil {
		admitted := w.Manager.Steps(ctx, func(s proto.Step) {
			fmt.Fprintf(to.out, "  step %d  %-16s %8.1f ms\n", s, s, time.Since(began).Seconds()*1000)
		})
		if admitted {
			r.addresses(to, w, server)
			err = r.watch(ctx, to, site, w, log)
		}
	}
	if server != nil {
		server.Close()
	}
	stopErr := w.Stop(func(id node.ID) { fmt.Fprintf(to.out, "%v left\n", id) })
	if err != nil {
		return err
	}
	return stopErr
}

func serveWhole(w *cluster.Whole, at string, log *slog.Logger) (*admin.Server, error) {
	if at == "" {
		return nil, nil
	}
	s := &admin.Server{Version: version, Log: log}
	for _, m := range w.Members() {
		s.Members = append(s.Members, m)
	}
	if err := s.Start(at); err != nil {
		return nil, fmt.Errorf("config: manager.admin: %w", err)
	}
	return s, nil
}

func (r *runCommand) addresses(to streams, w *cluster.Whole, s *admin.Server) {
	for _, g := range w.Gates {
		fmt.Fprintf(to.out, "%v takes clients at %s\n", g.ID(), strings.Join(g.Clients(), " "))
	}
	if s != nil {
		fmt.Fprintf(to.out, "admin at http://%s/status\n", s.Addr())
	}
}

// watch sends the bots in and keeps the status line until the context ends.
func (r *runCommand) watch(ctx context.Context, to streams, site *cluster.Site, w *cluster.Whole, log *slog.Logger) error {
	if r.Bots == 0 {
		keepLine(ctx, to, func() string { return idleLine(w) })
		return nil
	}
	key, err := site.Config.ServerKey("")
	if err != nil {
		return err
	}
	s, err := bots.Start(bots.Config{
		Gates: w.Clients(r.Transport), ServerKey: key, Version: site.Version(), Clients: r.Bots, Prefix: freshPrefix(),
		RPC: siege.RPC(), Method: string(siege.Count), Outstanding: outstandingFor(r.Every, 0), Every: r.Every, Log: log,
	})
	if err != nil {
		return err
	}
	line := swarmLine(s, r.Bots)
	keepLine(ctx, to, line)
	lost, last := s.Finish()
	fmt.Fprintf(to.out, "%d bots logged out; %d calls answered, %d lost, %d doubled, %d out of order\n",
		last.Ended, last.Done, last.Lost+lost, last.Doubled, last.Reordered)
	if n := last.Lost + lost + last.Doubled + last.Reordered; n > 0 {
		return fmt.Errorf("messiah: the bots found %d faults: %s", n, strings.Join(last.Faults, "; "))
	}
	return nil
}

// idleLine is the status of a cluster that nobody was sent into.
func idleLine(w *cluster.Whole) string {
	var sessions int
	for _, g := range w.Gates {
		g.Inspect(func(h *node.Host) { sessions += h.Sessions() })
	}
	return fmt.Sprintf("%d client sessions", sessions)
}

// swarmLine is the status of the bots since the line before.
func swarmLine(s *bots.Swarm, clients int) func() string {
	done, at := uint64(0), time.Now()
	return func() string {
		p := s.Percentiles()
		t, now := s.Restart(), time.Now()
		rate := float64(t.Done-done) / now.Sub(at).Seconds()
		done, at = t.Done, now
		return fmt.Sprintf("%d of %d bots in · %.0f calls/s · RTT p50 %.2f ms p99 %.2f ms · lost %d doubled %d out of order %d",
			t.In, clients, rate, p.At(0.5).Seconds()*1000, p.At(0.99).Seconds()*1000, t.Lost, t.Doubled, t.Reordered)
	}
}

// How often the status line is written.
const (
	lineEvery     = 500 * time.Millisecond // on a terminal, over itself
	lineElsewhere = 2 * time.Second        // in a file or pipe, below the one before
)

// keepLine writes the status line until the context ends.
func keepLine(ctx context.Context, to streams, line func() string) {
	f, isFile := to.out.(*os.File)
	terminal := isFile && term.IsTerminal(int(f.Fd()))
	every := lineElsewhere
	if terminal {
		every = lineEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if terminal {
				fmt.Fprintln(to.out)
			}
			return
		case <-tick.C:
		}
		if terminal {
			fmt.Fprintf(to.out, "\r\x1b[K%s", line())
		} else {
			fmt.Fprintln(to.out, line())
		}
	}
}
