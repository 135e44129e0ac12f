package admin

import (
	"time"

	"messiah/core/dbm"
	"messiah/core/game"
	"messiah/core/gate"
	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/session"
)

// Status is what an admin address answers to GET /status: the roles of one
// process, and where the manager is one of them, the cluster.
type Status struct {
	Version string   `json:"version"`
	Uptime  float64  `json:"uptime_seconds"`
	Cluster *Cluster `json:"cluster"` // nil: the manager is in another process
	Roles   []Role   `json:"roles"`
}

// Cluster is what the manager knows.
type Cluster struct {
	Step      int       `json:"step"`
	StepName  string    `json:"step_name"`
	Steps     []Step    `json:"steps"`
	Admits    bool      `json:"admits"`
	Opened    bool      `json:"opened"`  // has admitted logins once
	Settled   bool      `json:"settled"` // who is not registered is dead or was never there
	List      uint64    `json:"list_version"`
	Primary   string    `json:"primary"`
	Sessions  uint64    `json:"sessions"`
	Avatars   uint64    `json:"avatars"`
	Processes []Process `json:"processes"`
	Stubs     []Stub    `json:"stubs"`

	Departed []Departed `json:"departed"` // the latest games that were drained and have left
}

// Step is one of the nine steps of the start.
type Step struct {
	Number  int    `json:"number"`
	Name    string `json:"name"`
	Reached bool   `json:"reached"`
}

// Process is one registered process.
type Process struct {
	Name        string   `json:"name"`
	Kind        string   `json:"kind"`
	Incarnation string   `json:"incarnation"`
	Address     string   `json:"address"`
	Clients     []string `json:"clients"`
	Ready       bool     `json:"ready"`
	Admits      bool     `json:"admits"`
	Sessions    uint64   `json:"sessions"`
	Avatars     uint64   `json:"avatars"`
	Records     uint64   `json:"records"`
	Handled     uint64   `json:"handled"`
	Withdrawn   uint64   `json:"withdrawn"`
	Refused     uint64   `json:"refused"`
	Closed      bool     `json:"closed"` // a game takes no newcomers on an operator's word
	Drain       *Drain   `json:"drain"`  // null: it is not drained
}

// Stub is a service that exists once in the cluster.
type Stub struct {
	Name string `json:"name"`
	Game string `json:"game"`
}

// Role is one role of the process that answers.
type Role struct {
	Name        string        `json:"name"`
	Incarnation string        `json:"incarnation"`
	Lives       int           `json:"lives"`
	Running     bool          `json:"running"`
	Ready       bool          `json:"ready"`
	Withdrawn   uint64        `json:"withdrawn"` // inputs of ended sessions taken back
	Links       []Link        `json:"links"`
	Gate        *gate.Status  `json:"gate"`
	Game        *game.Status  `json:"game"`
	DB          *dbm.Status   `json:"db"`
	Shards      []ShardStatus `json:"shards"` // of a gate
}

// ShardStatus is one lane of client sessions.
type ShardStatus struct {
	Sessions int              `json:"sessions"`
	HalfOpen int              `json:"half_open"`
	Counters session.Counters `json:"counters"`
}

// Link is one link to another process.
type Link struct {
	Peer        string `json:"peer"`
	Incarnation string `json:"incarnation"`
	Up          bool   `json:"up"`
	Sent        uint64 `json:"sent"`
	Received    uint64 `json:"received"`
	Unacked     int    `json:"unacked_bytes"`
}

// status asks every role what it knows.
func (s *Server) status() Status {
	st := Status{Version: s.Version, Uptime: time.Since(s.began).Seconds(), Roles: []Role{}}
	for _, m := range s.Members {
		seen, ok := inTime(func() inspection { return inspect(m) })
		if !ok {
			// Its loop or a lane stands still: what can be said is who it is.
			seen.role = blank(m)
		}
		st.Roles = append(st.Roles, seen.role)
		if seen.cluster != nil {
			st.Cluster = seen.cluster
		}
	}
	return st
}

// inTime asks a question that a loop has to answer; false says that it did not in time.
func inTime[T any](question func() T) (answer T, ok bool) {
	said := make(chan T, 1)
	go func() { said <- question() }()
	timer := time.NewTimer(answerWithin)
	defer timer.Stop()
	select {
	case answer = <-said:
		return answer, true
	case <-timer.C:
		return answer, false
	}
}

// inspection is what one role says.
type inspection struct {
	role    Role
	cluster *Cluster // of a manager
}

// blank is a role of which nothing more is known than who it is.
func blank(m Member) Role {
	self := m.Process().Self()
	return Role{
		Name: self.ID.String(), Incarnation: self.Inc.String(), Lives: m.Lives(), Links: []Link{}, Shards: []ShardStatus{},
	}
}

// inspect asks one role, on its loop and its lanes.
func inspect(m Member) inspection {
	var c *Cluster
	r := blank(m)
	m.Process().Do(func(h *node.Host) {
		r.Running, r.Ready, r.Withdrawn = true, m.ReadyNow(h), h.Withdrawn()
		for _, l := range h.Links() {
			r.Links = append(r.Links, Link{l.Peer.ID.String(), l.Peer.Inc.String(), l.Up, l.Sent, l.Received, l.Unacked})
		}
		switch n := h.Node().(type) {
		case *manager.Manager:
			c = clusterOf(n.Inspect())
		case *gate.Gate:
			s := n.Inspect()
			r.Gate = &s
		case *game.Game:
			s := n.Inspect()
			r.Game = &s
		case *dbm.DB:
			s := n.Inspect()
			r.DB = &s
		}
	})
	if r.Gate != nil {
		r.Shards = shardsOf(m)
	}
	return inspection{r, c}
}

func shardsOf(m Member) []ShardStatus {
	p := m.Process()
	list := []ShardStatus{}
	for i := range len(p.Counters().LaneTasks) {
		p.DoLane(i, func(l *node.LaneHost) {
			if sh, ok := l.Lane().(*session.Shard); ok {
				list = append(list, ShardStatus{sh.Len(), sh.HalfOpen(), sh.Counters()})
			}
		})
	}
	return list
}

func clusterOf(s manager.Status) *Cluster {
	c := &Cluster{
		Step: int(s.Step), StepName: s.Step.String(), Admits: s.Step == proto.StepAdmit, Opened: s.Opened, Settled: s.Settled,
		List: s.Version, Processes: []Process{}, Stubs: []Stub{}, Departed: []Departed{},
	}
	if s.Primary.ID != 0 {
		c.Primary = s.Primary.ID.String()
	}
	for step := proto.StepStarted; step <= proto.StepAdmit; step++ {
		c.Steps = append(c.Steps, Step{int(step), step.String(), step <= s.Step})
	}
	for _, p := range s.Drained {
		c.Departed = append(c.Departed, Departed{p.Peer.ID.String(), p.Peer.Inc.String(), p.Moved})
	}
	for _, p := range s.Processes {
		var drain *Drain
		if p.Drains {
			d := drainOf(&p.Drain)
			drain = &d
		}
		c.Processes = append(c.Processes, Process{
			Name: p.Peer.ID.String(), Kind: p.Peer.ID.Kind().String(), Incarnation: p.Peer.Inc.String(), Address: p.Addr,
			Clients: append([]string{}, p.Clients...), Ready: p.Ready, Admits: p.Admits,
			Sessions: p.Report.Sessions, Avatars: p.Report.Avatars, Records: p.Report.Records,
			Handled: p.Report.Handled, Withdrawn: p.Report.Withdrawn, Refused: p.Report.Refused,
			Closed: p.Closed, Drain: drain,
		})
		c.Sessions += p.Report.Sessions
		c.Avatars += p.Report.Avatars
	}
	for _, stub := range s.Stubs {
		c.Stubs = append(c.Stubs, Stub{stub.Stub.Name, stub.Game.ID.String()})
	}
	return c
}
