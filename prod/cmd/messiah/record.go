package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"messiah/core/node"
	"messiah/core/record"
	"messiah/prod/admin"
	"messiah/prod/config"
)

type recordCommand struct {
	adminFlags
	Role string `arg:"" help:"The role, for example gate1, game2, manager1 or db1."`
	Out  string `placeholder:"FILE" help:"The file to write; default: ROLE.rec."`
}

// Help is the example.
func (recordCommand) Help() string {
	return "Asks the process of a role for its latest inputs (the key record says how many MiB it keeps) behind a snapshot of\n" +
		"the state that they began with. The file replays in the simulator to the same messages. It holds what players\n" +
		"sent and what is known of them, and no key: keep it as you keep the store.\n\n" +
		"Example:\n\n  messiah admin record gate1 --out incident.rec\n  messiah-sim import incident.rec"
}

// recordAnswer is what `admin record --json` prints.
type recordAnswer struct {
	Role        string    `json:"role"`
	Incarnation string    `json:"incarnation"`
	File        string    `json:"file"`
	Bytes       int       `json:"bytes"`
	Taken       time.Time `json:"taken"`
	FromStart   bool      `json:"from_start"` // nothing of this life was forgotten
}

// Run asks for the recording and writes it.
func (r *recordCommand) Run(to streams) error {
	id, err := node.ParseID(r.Role)
	if err != nil {
		return usage(err)
	}
	switch id.Kind() {
	case node.Manager, node.DB, node.Game, node.Gate:
	default:
		return usage(fmt.Errorf("messiah: %v is no process of a cluster; name a role such as gate1, game2, manager1 or db1", id))
	}
	file, err := r.ask(to, id)
	if err != nil {
		return err
	}
	rec, err := record.Read(file)
	if err != nil {
		return fmt.Errorf("messiah: the recording did not arrive whole: %w", err)
	}
	if r.Out == "" {
		r.Out = id.String() + ".rec"
	}
	if err := os.WriteFile(r.Out, file, 0o600); err != nil {
		return usage(fmt.Errorf("messiah: cannot write the recording: %w", err))
	}
	a := recordAnswer{
		Role: id.String(), Incarnation: rec.Head.Self.Inc.String(), File: r.Out, Bytes: len(file),
		Taken: time.Unix(0, rec.Head.Taken).UTC(), FromStart: rec.Head.Lost == 0,
	}
	if r.JSON {
		return json.NewEncoder(to.out).Encode(a)
	}
	begins := "begins with the life of the process"
	if !a.FromStart {
		begins = "is the latest part of the life of the process"
	}
	fmt.Fprintf(to.out, "%s: %d bytes of %s %s; it %s\nreplay it: messiah-sim import %s\n", a.File, a.Bytes, a.Role, a.Incarnation, begins, a.File)
	return nil
}

// ask tries the role's own admin address, then the manager's, which messiah run has for all roles.
func (r *recordCommand) ask(to streams, id node.ID) ([]byte, error) {
	addrs := []string{r.Admin}
	if r.Admin == "" {
		c, err := r.load(to, 0, 0)
		if err != nil {
			return nil, err
		}
		addrs = recordAddrs(&c, id)
	}
	if len(addrs) == 0 {
		return nil, usage(fmt.Errorf("config: no admin address of %v or of the manager is set; name one with --admin", id))
	}
	var first error
	for _, addr := range addrs {
		file, err := admin.Record(context.Background(), addr, id)
		if first == nil || errors.Is(first, admin.ErrNobody) && !errors.Is(err, admin.ErrNobody) {
			first = err
		}
		if err == nil {
			return file, nil
		}
	}
	return nil, first
}

func recordAddrs(c *config.Config, id node.ID) (addrs []string) {
	if id.Index() <= configured(c, id.Kind()) {
		addrs = append(addrs, adminAddr(c, id.Kind(), id.Index()))
	}
	if len(addrs) == 0 || addrs[0] != c.Manager.Admin {
		addrs = append(addrs, c.Manager.Admin)
	}
	known := addrs[:0]
	for _, addr := range addrs {
		if addr != "" {
			known = append(known, addr)
		}
	}
	return known
}
