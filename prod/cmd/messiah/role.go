package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"messiah/core/node"
	"messiah/prod/admin"
	"messiah/prod/cluster"
	"messiah/prod/config"
)

type managerCommand struct {
	configFlags
}

// Help is the example.
func (managerCommand) Help() string { return "Example:\n\n  messiah manager --config messiah.yaml" }

// Run runs the manager.
func (m *managerCommand) Run(to streams) error {
	return runRole(to, &m.configFlags, node.Manager, 1)
}

type dbCommand struct {
	configFlags
}

// Help is the example.
func (dbCommand) Help() string { return "Example:\n\n  messiah db --config messiah.yaml" }

// Run runs the db.
func (d *dbCommand) Run(to streams) error { return runRole(to, &d.configFlags, node.DB, 1) }

type gameCommand struct {
	configFlags
	Index int `default:"1" help:"Which of the configured games this is, from 1."`
}

// Help is the example.
func (gameCommand) Help() string { return "Example:\n\n  messiah game --config messiah.yaml --index 2" }

// Run runs a game.
func (g *gameCommand) Run(to streams) error { return runRole(to, &g.configFlags, node.Game, g.Index) }

type gateCommand struct {
	configFlags
	Index int `default:"1" help:"Which of the configured gates this is, from 1."`
}

// Help is the example.
func (gateCommand) Help() string { return "Example:\n\n  messiah gate --config messiah.yaml --index 2" }

// Run runs a gate.
func (g *gateCommand) Run(to streams) error { return runRole(to, &g.configFlags, node.Gate, g.Index) }

// runRole runs one role until it is interrupted. Two lines on the standard
// output tell scripts where it listens and when it is ready.
func runRole(to streams, f *configFlags, kind node.Kind, index int) error {
	c, err := f.load(to, 0, 0)
	if err != nil {
		return err
	}
	if n := configured(&c, kind); index < 1 || index > n {
		return usage(fmt.Errorf("config: %ss: there is no %v %d, %d are configured", kind, kind, index, n))
	}
	log := logger(c.Log, slog.LevelInfo, to)
	ctx, quit := interrupted(to)
	defer quit()
	site, err := open(c, log)
	if err != nil {
		return err
	}
	m, err := site.Start(node.NewID(kind, index))
	if err != nil {
		return err
	}
	err = serveRole(ctx, to, m, adminAddr(&c, kind, index), log)
	m.Stop()
	<-m.Done()
	if err == nil {
		fmt.Fprintf(to.out, "messiah %v left\n", m.ID())
	}
	return err
}

func configured(c *config.Config, kind node.Kind) int {
	switch kind {
	case node.Game:
		return len(c.Games)
	case node.Gate:
		return len(c.Gates)
	}
	return 1
}

// adminAddr is where operators reach a role, or empty.
func adminAddr(c *config.Config, kind node.Kind, index int) string {
	switch kind {
	case node.Manager:
		return c.Manager.Admin
	case node.DB:
		return c.DB.Admin
	case node.Game:
		return c.Games[index-1].Admin
	default:
		return c.Gates[index-1].Admin
	}
}

func serveRole(ctx context.Context, to streams, m *cluster.Member, at string, log *slog.Logger) error {
	words := fmt.Sprintf("messiah %v listens", m.ID())
	if m.Listen() != "" {
		words += " links=" + m.Listen()
	}
	if len(m.Clients()) > 0 {
		words += " clients=" + strings.Join(m.Clients(), ",")
	}
	if at != "" {
		server := &admin.Server{Members: []admin.Member{m}, Version: version, Log: log}
		if err := server.Start(at); err != nil {
			return err
		}
		defer server.Close()
		words += " admin=" + server.Addr()
	}
	fmt.Fprintln(to.out, words)
	if m.WaitReady(ctx) {
		fmt.Fprintf(to.out, "messiah %v ready\n", m.ID())
	}
	select {
	case <-ctx.Done():
	case <-m.Done():
	}
	return nil
}
