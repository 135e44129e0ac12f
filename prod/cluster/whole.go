package cluster

import (
	"context"
	"fmt"
	"time"

	"messiah/core/node"
	"messiah/core/proto"
)

// Whole is all roles of a site in one process.
type Whole struct {
	Manager *Member
	DB      *Member
	Games   []*Member
	Gates   []*Member
}

// StartWhole starts every role of the site; on an error the ones that run are stopped again.
func (s *Site) StartWhole() (*Whole, error) {
	w := &Whole{}
	var err error
	start := func(kind node.Kind, index int) *Member {
		if err != nil {
			return nil
		}
		var m *Member
		m, err = s.Start(node.NewID(kind, index))
		return m
	}
	w.Manager = start(node.Manager, 1)
	w.DB = start(node.DB, 1)
	for i := range s.Config.Games {
		w.Games = append(w.Games, start(node.Game, i+1))
	}
	for i := range s.Config.Gates {
		w.Gates = append(w.Gates, start(node.Gate, i+1))
	}
	if err != nil {
		w.Stop(nil)
		return nil, err
	}
	return w, nil
}

// Serve runs every role of the site until the context ends, and drains them then.
// The function, if any, is called once logins are admitted.
func (s *Site) Serve(ctx context.Context, ready func(*Whole)) error {
	w, err := s.StartWhole()
	if err != nil {
		return err
	}
	if w.Manager.Steps(ctx, func(proto.Step) {}) && ready != nil {
		ready(w)
	}
	<-ctx.Done()
	return w.Stop(nil)
}

// Members lists the roles in the order in which they leave: each before the ones that it needs.
func (w *Whole) Members() []*Member {
	var all []*Member
	for _, m := range append(append(append(append([]*Member{}, w.Gates...), w.Games...), w.DB), w.Manager) {
		if m != nil {
			all = append(all, m)
		}
	}
	return all
}

// Clients lists where the gates take clients of one transport: "kcp" or "tcp".
func (w *Whole) Clients(transport string) []string {
	var list []string
	for _, g := range w.Gates {
		for _, url := range g.Clients() {
			if len(url) > len(transport) && url[:len(transport)] == transport {
				list = append(list, url)
			}
		}
	}
	return list
}

// leaveWithin bounds how long one role may take to leave, its own drain time included.
const leaveWithin = 15 * time.Second

// Stop drains the cluster: gates leave first, then games, db and manager. The
// function, if any, hears of each that has left.
func (w *Whole) Stop(left func(node.ID)) error {
	var late error
	kind := func(k node.Kind) {
		var members []*Member
		for _, m := range w.Members() {
			if m.ID().Kind() == k {
				m.Stop()
				members = append(members, m)
			}
		}
		for _, m := range members {
			if err := m.wait(); err != nil {
				late = err
			} else if left != nil {
				left(m.ID())
			}
		}
	}
	for _, k := range []node.Kind{node.Gate, node.Game, node.DB, node.Manager} {
		kind(k)
	}
	return late
}

// wait waits for a stopping role; one that does not leave is ended.
func (m *Member) wait() error {
	timer := time.NewTimer(leaveWithin)
	defer timer.Stop()
	select {
	case <-m.Done():
		return nil
	case <-timer.C:
		m.Process().Kill()
		<-m.Done()
		return fmt.Errorf("cluster: %v did not leave within %v and was ended", m.ID(), leaveWithin)
	}
}
