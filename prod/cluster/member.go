package cluster

import (
	"sync"
	"time"

	"messiah/core/node"
	"messiah/prod"
)

// Member is one role of a cluster that is kept running: a life that ends by
// itself, for example since the manager has declared it dead, is followed by
// another, a new incarnation.
type Member struct {
	site *Site
	id   node.ID

	mu       sync.Mutex
	process  *prod.Process
	clients  []string // where the latest life takes clients
	listen   string   // where it takes links; empty: nowhere
	lives    int
	stopping bool
	stop     chan struct{} // closed by Stop: no further life
	done     chan struct{} // closed when the last life has ended
}

// Back-off between two lives.
const (
	restartFirst = 100 * time.Millisecond
	restartMost  = 5 * time.Second
	restartCalm  = 10 * time.Second // a life so long begins the back-off anew
)

// Start begins the first life of a role; an error is about that alone.
func (s *Site) Start(id node.ID) (*Member, error) {
	m := &Member{site: s, id: id, stop: make(chan struct{}), done: make(chan struct{})}
	p, err := m.begin()
	if err != nil {
		return nil, err
	}
	go m.keep(p)
	return m, nil
}

// begin starts one life.
func (m *Member) begin() (*prod.Process, error) {
	r, err := m.site.role(m.id)
	if err != nil {
		return nil, err
	}
	p, err := prod.Start(r)
	if err != nil {
		release(&r)
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.process, m.clients, m.listen = p, nil, ""
	m.lives++
	for _, c := range r.Clients {
		m.clients = append(m.clients, c.Addr())
	}
	if r.Links != nil {
		m.listen = r.Links.Addr().String()
	}
	if m.stopping {
		// Stop came between two lives and found none to stop.
		p.Stop()
	}
	return p, nil
}

// keep follows one life with the next until the role is to stop.
func (m *Member) keep(p *prod.Process) {
	defer close(m.done)
	wait := restartFirst
	for {
		born := time.Now()
		<-p.Done()
		err := p.Err()
		if err == nil || m.ended() {
			return
		}
		if time.Since(born) > restartCalm {
			wait = restartFirst
		}
		for again := true; again; {
			m.site.Log.Warn("the process ended and is started again", "node", m.id, "reason", err, "in", wait)
			if !m.pause(wait) {
				return
			}
			wait = min(2*wait, restartMost)
			p, err = m.begin()
			again = err != nil
		}
	}
}

// pause waits; false says that no further life is wanted.
func (m *Member) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-m.stop:
		return false
	}
}

func (m *Member) ended() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stopping
}

// Stop asks the role to drain and leave; Done tells when it has.
func (m *Member) Stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.stopping {
		m.stopping = true
		close(m.stop)
		m.process.Stop()
	}
}

// Done is closed when the last life has ended.
func (m *Member) Done() <-chan struct{} { return m.done }

// ID returns which role this is.
func (m *Member) ID() node.ID { return m.id }

// Process returns the present life, or the last one.
func (m *Member) Process() *prod.Process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.process
}

// Lives returns how many lives there were, the present one included.
func (m *Member) Lives() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lives
}

// Clients returns where the present life takes clients: "kcp://host:port".
func (m *Member) Clients() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clients
}

// Listen returns where the present life takes links of other processes, or nothing.
func (m *Member) Listen() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.listen
}

// Inspect runs f between two turns of the present life; false says that it has ended.
func (m *Member) Inspect(f func(*node.Host)) bool {
	ran := false
	m.Process().Do(func(h *node.Host) {
		f(h)
		ran = true
	})
	return ran
}
