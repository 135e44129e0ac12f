package prod

import (
	"sync"
	"sync/atomic"

	"messiah/core/node"
)

// mailbox is the queue of inputs in front of one goroutine. Bytes are copied
// once into parcels, which the owner takes all at once; a whole parcel can also
// be handed over without copying. In steady state nothing is allocated.
type mailbox struct {
	most, mostBytes int    // the bound; what is given whole or forced may pass it by one batch
	owner           *waker // sleeps while the mailbox is empty
	onRoom          func() // called when a mailbox at its bound was taken; may be nil

	mu      sync.Mutex
	room    sync.Cond
	parcels []node.Mail // oldest first
	open    bool        // the last parcel is our own, to push into
	spare   []node.Mail
	count   int
	bytes   int
	closed  bool

	waiting atomic.Int64 // count, to be read without the lock
	over    atomic.Bool  // at or over the bound
}

// maxSpare bounds the emptied parcels that a mailbox keeps, each with a modest
// room of its own: as many as batches of lanes come together under load.
const maxSpare = 16

// atBound says what a sender does at the bound of a mailbox.
type atBound uint8

const (
	waits  atBound = iota // blocks until there is room
	drops                 // goes without
	forces                // is let in: there are few of its kind
)

func newMailbox(most, mostBytes int, owner *waker) *mailbox {
	m := &mailbox{most: most, mostBytes: mostBytes, owner: owner}
	m.room.L = &m.mu
	return m
}

// begin locks the mailbox for some pushes, to be ended by finish; false says
// that it is closed or, for those who drop, full, and then it is not locked.
func (m *mailbox) begin(how atBound) bool {
	m.mu.Lock()
	for how == waits && m.over.Load() && !m.closed {
		m.room.Wait()
	}
	if m.closed || how == drops && m.over.Load() {
		m.mu.Unlock()
		return false
	}
	return true
}

// push copies one input in, between begin and finish.
func (m *mailbox) push(in *node.Input) {
	if !m.open {
		m.parcels = append(m.parcels, m.emptyMail())
		m.open = true
	}
	m.parcels[len(m.parcels)-1].Push(in)
	m.count++
	m.bytes += len(in.Body) + len(in.Routes)
	m.look()
}

func (m *mailbox) finish() {
	m.waiting.Store(int64(m.count))
	m.mu.Unlock()
	m.owner.poke()
}

// put copies one input in. False says that it was not taken.
func (m *mailbox) put(in *node.Input, how atBound) bool {
	if !m.begin(how) {
		return false
	}
	m.push(in)
	m.finish()
	return true
}

// give hands over a whole mail without copying and leaves an empty one in its
// place. It never blocks.
func (m *mailbox) give(mail *node.Mail) {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		mail.Reset()
		return
	}
	m.count += mail.Len()
	m.bytes += mail.Bytes()
	m.parcels = append(m.parcels, *mail)
	m.open = false
	*mail = m.emptyMail()
	m.look()
	m.finish()
}

func (m *mailbox) emptyMail() (mail node.Mail) {
	if last := len(m.spare) - 1; last >= 0 {
		mail, m.spare[last] = m.spare[last], node.Mail{}
		m.spare = m.spare[:last]
	}
	return mail
}

func (m *mailbox) look() {
	if m.count >= m.most || m.bytes >= m.mostBytes {
		m.over.Store(true)
	}
}

// take swaps what waits for the owner's emptied parcels.
func (m *mailbox) take(t *intake) {
	m.mu.Lock()
	for i := range t.parcels {
		if len(m.spare) < maxSpare {
			t.parcels[i].Reset()
			m.spare = append(m.spare, t.parcels[i])
		}
		t.parcels[i] = node.Mail{}
	}
	m.parcels, t.parcels, t.at = t.parcels[:0], m.parcels, 0
	m.open, m.count, m.bytes = false, 0, 0
	m.waiting.Store(0)
	wasOver := m.over.Swap(false)
	if wasOver {
		m.room.Broadcast()
	}
	m.mu.Unlock()
	if wasOver && m.onRoom != nil {
		m.onRoom()
	}
}

// close lets go of everybody who waits; nothing is taken from now on.
func (m *mailbox) close() {
	m.mu.Lock()
	m.closed = true
	m.room.Broadcast()
	m.mu.Unlock()
}

// intake is what an owner has taken from its mailbox.
type intake struct {
	parcels []node.Mail
	at      int
}

// next pops the oldest input; its views stay good until the next take.
func (t *intake) next() (*node.Input, bool) {
	for t.at < len(t.parcels) {
		if in, ok := t.parcels[t.at].Pop(); ok {
			return in, true
		}
		t.at++
	}
	return nil, false
}

// empty tells whether next would find nothing.
func (t *intake) empty() bool {
	for i := t.at; i < len(t.parcels); i++ {
		if t.parcels[i].Len() > 0 {
			return false
		}
	}
	return true
}
