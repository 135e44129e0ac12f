package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"messiah/core/node"
	"messiah/prod/admin"
)

// gameFlags name a game.
type gameFlags struct {
	adminFlags
	Game string `arg:"" help:"The game, for example game2."`
}

// order gives the manager an order about the game.
func (f *gameFlags) order(to streams, order string) (addr string, a admin.OperateAnswer, err error) {
	id, err := node.ParseID(f.Game)
	if err == nil && id.Kind() != node.Game {
		err = fmt.Errorf("messiah: %v is no game; name one such as game2", id)
	}
	if err != nil {
		return "", a, usage(err)
	}
	if addr, err = f.addr(to); err != nil {
		return "", a, err
	}
	a, err = admin.Operate(context.Background(), addr, admin.OperateRequest{Game: id.String(), Order: order})
	return addr, a, err
}

// say prints the answer to an order that needs no waiting.
func (f *gameFlags) say(to streams, order, words string) error {
	_, a, err := f.order(to, order)
	if err != nil {
		return err
	}
	if f.JSON {
		return json.NewEncoder(to.out).Encode(a)
	}
	fmt.Fprintf(to.out, "%s %s\n", a.Game, words)
	return nil
}

type closeCommand struct {
	gameFlags
}

// Help is the example.
func (closeCommand) Help() string {
	return "Newcomers go to other games, whoever is there stays. Open ends that, and so does the next life of the process.\n\n" +
		"Example:\n\n  messiah admin close game2"
}

// Run closes a game.
func (c *closeCommand) Run(to streams) error { return c.say(to, "close", "takes no newcomers") }

type openCommand struct {
	gameFlags
}

// Help is the example.
func (openCommand) Help() string {
	return "Ends a close, and a drain under way: whoever has moved stays where they are.\n\nExample:\n\n  messiah admin open game2"
}

// Run opens a game.
func (c *openCommand) Run(to streams) error { return c.say(to, "open", "takes newcomers") }

type drainCommand struct {
	gameFlags
}

// Help is the example.
func (drainCommand) Help() string {
	return "Closes a game, moves everybody to the other open games with nobody disconnected, and has its process leave.\n" +
		"Waits until it has, and says how far it has come. Interrupted, the drain goes on; admin open ends it.\n" +
		"Started again, the process is open: drain and start one game after the other for a rolling restart.\n\n" +
		"Example:\n\n  messiah admin drain game2"
}

// drainAnswer is what `admin drain --json` prints.
type drainAnswer struct {
	Game        string      `json:"game"`
	Incarnation string      `json:"incarnation"`
	Left        bool        `json:"left"` // the process has left, with nobody in it
	Moved       uint64      `json:"moved"`
	Seconds     float64     `json:"seconds"`
	Drain       admin.Drain `json:"drain"` // as it was last heard
}

// Times of a drain as the command sees it.
const (
	drainLook   = 200 * time.Millisecond // between two looks
	drainSilent = 30 * time.Second       // so long the manager may be away meanwhile
)

// Run drains a game and waits until it has left.
func (d *drainCommand) Run(to streams) error {
	began := time.Now()
	addr, a, err := d.order(to, "drain")
	if err != nil {
		return err
	}
	lines := to.out
	if d.JSON {
		lines = to.err
	}
	ctx, quit := interrupted(to)
	defer quit()
	r := drainAnswer{Game: a.Game, Incarnation: a.Incarnation}
	err = r.wait(ctx, addr, lines)
	r.Seconds = time.Since(began).Seconds()
	if d.JSON {
		if encodeErr := json.NewEncoder(to.out).Encode(r); err == nil {
			err = encodeErr
		}
	} else if r.Left {
		fmt.Fprintf(to.out, "%s has left after %.1f s; %d moved\n", r.Game, r.Seconds, r.Moved)
	}
	return err
}

// wait looks at the cluster until the game's life is over, and writes a line where something is new.
func (r *drainAnswer) wait(ctx context.Context, addr string, lines io.Writer) error {
	tick := time.NewTicker(drainLook)
	defer tick.Stop()
	heard, line := time.Now(), ""
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("messiah: the drain of %s goes on; messiah admin open %s ends it", r.Game, r.Game)
		case <-tick.C:
		}
		s, err := admin.GetStatus(ctx, addr)
		if err != nil || s.Cluster == nil || !s.Cluster.Settled {
			if time.Since(heard) > drainSilent {
				return fmt.Errorf("messiah: the manager has not answered for %v; the drain of %s goes on without it", drainSilent, r.Game)
			}
			continue
		}
		heard = time.Now()
		over, err := r.look(s.Cluster)
		if over || err != nil {
			return err
		}
		if now := r.line(); now != line {
			line = now
			fmt.Fprintln(lines, line)
		}
	}
}

// look takes from the manager's picture how far the drain has come.
func (r *drainAnswer) look(c *admin.Cluster) (over bool, err error) {
	for _, p := range c.Departed {
		if p.Name == r.Game && p.Incarnation == r.Incarnation {
			r.Left, r.Moved, r.Drain = true, p.Moved, admin.Drain{Moved: p.Moved, Failed: r.Drain.Failed, Refusal: r.Drain.Refusal}
			return true, nil
		}
	}
	for _, p := range c.Processes {
		if p.Name != r.Game || p.Incarnation != r.Incarnation {
			continue
		}
		if p.Drain == nil {
			return false, fmt.Errorf("messiah: %s was opened again: it is not drained any more", r.Game)
		}
		r.Drain, r.Moved = *p.Drain, p.Drain.Moved
		return false, nil
	}
	return false, fmt.Errorf("messiah: %s has ended before it was known to be drained; %d were left", r.Game, r.Drain.Left)
}

// line is the progress in words.
func (r *drainAnswer) line() string {
	d := &r.Drain
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d left, %d on their way, %d moved", r.Game, d.Left, d.Moving, d.Moved)
	if d.Failed > 0 {
		fmt.Fprintf(&b, ", %d refused and tried again (%s)", d.Failed, d.Refusal)
	}
	if d.Left == 0 && d.Stubs > 0 {
		fmt.Fprintf(&b, "; %d stubs go to other games", d.Stubs)
	}
	if d.Left == 0 && d.Owed > 0 {
		fmt.Fprintf(&b, "; %d answers are passed on", d.Owed)
	}
	return b.String()
}
