package sim

import (
	"bytes"
	"slices"
	"time"

	"messiah/core/dbm"
	"messiah/core/game"
	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/netsim"
)

// What operators do in a story, and what a story may look at.

// Stop asks a process to stop in good order. Its next life starts a while after the end.
func (s *Story) Stop(id node.ID, restart time.Duration) {
	s.strike(Fault{Kind: Stop, Target: id, For: restart})
}

// Kick ends the session of an account on an operator's word.
func (s *Story) Kick(account string) {
	p := s.byID[ManagerID]
	if p.host != nil {
		p.arrive(&node.Input{Kind: node.InMessage, Type: proto.TypeKick, Body: wire.Append(nil, &proto.Kick{Client: account, Reason: "the story"})})
	}
}

// Stranger starts one more game than the cluster expects; the change, which may be nil, says what is odd about it.
func (s *Story) Stranger(change func(*node.Config)) node.ID {
	s.guests++
	id := GameID(len(s.servers()))
	cfg := node.Config{Version: s.version(), Secret: []byte(secret)}
	if change != nil {
		change(&cfg)
	}
	s.server(id, cfg, makeGame).start()
	return id
}

// Speaks gives the lives of a process that begin from now on a version of their
// own: that of a process which is not upgraded yet, or is already.
func (s *Story) Speaks(id node.ID, v wire.Version) { s.byID[id].cfg.Version = v }

// Installs gives the lives of a game that begin from now on other code: that of another version.
func (s *Story) Installs(id node.ID, code func(Observer) game.Script) { s.byID[id].code = code }

// Dismiss ends a stranger for good.
func (s *Story) Dismiss(id node.ID) {
	p := s.byID[id]
	p.crash(netsim.Gone)
	p.gone = true
	s.guests--
}

// Release lets go what a hold has stopped; the network has to know the time for that.
func (s *Story) Release(h *netsim.Held) {
	s.net.At(s.now, s.netCause)
	h.Release()
}

// Lose breaks the connections that a hold has stopped, with all that was under way on
// them, and ends the hold.
func (s *Story) Lose(h *netsim.Held) {
	s.net.At(s.now, s.netCause)
	for h.Len() > 0 {
		h.DropItem(0)
	}
	h.Release()
}

// FailStore lets every operation of the store fail for a while, half of them carried out all the same.
func (s *Story) FailStore(d time.Duration) { s.strike(Fault{Kind: StoreFail, For: d}) }

// SpoilRecord makes the last number in an account's record one that cannot be
// read, or all of the record; the function that it returns mends the record as it is by then.
func (s *Story) SpoilRecord(account string, all bool) (mend func()) {
	const number = 9 // bytes of a number with a fraction, its code included
	rows, key := s.stores[0].rows, proto.AccountKey(account)
	r := rows[key]
	good := slices.Clone(r.value)
	from := len(good) - number
	if all {
		from = 0
	}
	bad := bytes.Repeat([]byte{unreadable}, len(good)-from)
	r.value = slices.Concat(good[:from], bad)
	rows[key] = r
	return func() {
		r := rows[key]
		from := len(r.value) - len(bad)
		if from < 0 || !bytes.Equal(r.value[from:], bad) {
			s.Violate("durable", "the record of %s could not be read, and was written over", account)
			return
		}
		r.value = slices.Concat(r.value[:from], good[len(good)-len(bad):])
		rows[key] = r
	}
}

// unreadable is a byte that begins no value.
const unreadable = 0xc1

// Forgive says that the story gives cause for an error to be logged.
func (s *Story) Forgive(text string) { s.forgiven[text] = true }

// HasRecord tells whether the store has a record of an account that no game holds.
func (w *World) HasRecord(account string) bool {
	r, known := w.stores[0].rows[proto.AccountKey(account)]
	if !known {
		return false
	}
	holder, _, err := dbm.HolderOf(r.value)
	return err == nil && holder == node.Peer{}
}

// Avatars counts the avatars of an account that games keep, in whatever state.
func (w *World) Avatars(account string) int {
	n := 0
	for _, p := range w.servers() {
		if g, ok := gameOf(p); ok {
			for v := range g.Avatars() {
				if v.Account == account {
					n++
				}
			}
		}
	}
	return n
}

// Linked tells whether a process that runs keeps a link to another, in whatever life.
func (w *World) Linked(from, to node.ID) bool {
	p := w.byID[from]
	return p.host != nil && slices.ContainsFunc(p.host.Links(), func(l node.LinkInfo) bool { return l.Peer.ID == to })
}

// SlowStore lets every operation of the store take longer for a while.
func (s *Story) SlowStore(by, d time.Duration) {
	s.strike(Fault{Kind: StoreSlow, With: by.String(), For: d})
}

// BreaksProtocol says that a client is one that does not keep to the protocol.
func (s *Story) BreaksProtocol(c *Player) { s.rude[c.ID()] = true }

// Life returns the present life of a process, the zero Peer where none runs.
func (w *World) Life(id node.ID) node.Peer {
	if p := w.byID[id]; p.host != nil {
		return p.host.Self()
	}
	return node.Peer{}
}

// Listed tells whether the manager lists a life, and whether as one that is ready for avatars.
func (w *World) Listed(life node.Peer) (listed, ready bool) {
	p := w.byID[ManagerID]
	if p.host == nil {
		return false, false
	}
	all := p.host.Node().(*manager.Manager).Inspect().Processes
	i := slices.IndexFunc(all, func(one manager.ProcessStatus) bool { return one.Peer == life })
	return i >= 0, i >= 0 && all[i].Ready
}

// Settled tells whether the manager knows who lives: what its list does not name is dead.
func (w *World) Settled() bool {
	p := w.byID[ManagerID]
	return p.host != nil && p.host.Node().(*manager.Manager).Inspect().Settled
}

// AllPlay tells whether every client is in and every gate knows where its avatar lives.
func (s *Story) AllPlay() bool {
	if !s.AllIn() {
		return false
	}
	for _, p := range s.servers() {
		if g, ok := gateOf(p); ok {
			for v := range g.Clients() {
				at := s.byID[v.Game.ID]
				if v.State != "in" || at.host == nil || at.host.Self() != v.Game {
					return false
				}
			}
		}
	}
	return true
}

// RoutesTo counts the clients that gates route to a life of a game.
func (w *World) RoutesTo(life node.Peer) int {
	n := 0
	for _, p := range w.servers() {
		if g, ok := gateOf(p); ok {
			for v := range g.Clients() {
				if v.Game == life {
					n++
				}
			}
		}
	}
	return n
}

// KeepQuiet has game code start nothing by itself from now on: Observer.Quiet.
func (s *Story) KeepQuiet() { s.quiet = true }

// StubGame returns the game on which a stub lives, or 0.
func (s *Story) StubGame(name string) node.ID {
	for _, p := range s.servers() {
		if g, ok := gameOf(p); ok && slices.ContainsFunc(g.Inspect().Stubs, func(m proto.StubMade) bool { return m.Name == name }) {
			return p.id
		}
	}
	return 0
}

// Tending returns the game that has claimed a record, or is about to; 0 if none does.
func (s *Story) Tending(record string) node.ID {
	for _, p := range s.servers() {
		if g, ok := gameOf(p); ok && g.Tends(record) {
			return p.id
		}
	}
	return 0
}
