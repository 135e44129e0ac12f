package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"messiah/core/ordered"
	"messiah/core/wire"
	"messiah/netsim"
)

// Digest stands for a state of the whole cluster: two worlds of one case with the
// same digest go on alike under the same moves, and are judged alike.
type Digest [16]byte

// Digest returns the digest of the present state: of every node, lane, queue and
// link, of what is under way in each connection and to and from the store, of the
// store, of the clock, of what the case still allows, and of all that the oracles
// remember. Numbers that tell only when, among all of the world, something was
// made are not part of it.
func (st *Still) Digest() Digest {
	sum := sha256.Sum256(st.AppendState(nil))
	return Digest(sum[:16])
}

// AppendState appends the bytes that Digest stands for.
func (st *Still) AppendState(dst []byte) []byte {
	w := st.s.World
	put := func(v uint64) { dst = binary.AppendUvarint(dst, v) }
	for _, n := range []int{st.left.Crashes, st.left.Drops, st.left.Faults, st.left.Timers, st.left.EarlyTimers} {
		put(uint64(n))
	}
	if st.c.Depth > 0 {
		put(uint64(st.left.Depth))
	}
	put(uint64(w.now))
	names := w.net.Names()
	name := func(conn uint64) uint64 {
		if n, lives := names[conn]; lives {
			return n
		}
		return conn | 1<<63
	}
	for _, p := range w.procs[1:] {
		put(uint64(p.life))
		if p.host == nil {
			dst = append(dst, p.halted...)
			continue
		}
		dst = p.host.AppendWhole(dst, name)
		for _, l := range p.lanes {
			dst = wire.AppendState(dst, l.host.State)
			dst = wire.AppendState(dst, l.mail.Write)
		}
	}
	dst = w.net.AppendState(dst)
	dst = w.stores[0].append(dst)
	dst = fmt.Appendf(dst, "%v %v", w.sessionsMayEnd, w.quiet)
	for _, o := range w.oracles {
		if r, remembers := o.(rememberer); remembers {
			dst = r.remembers(dst)
		}
	}
	return dst
}

// underWay lists the indexes of what is under way to the store or, as answers,
// from it, oldest first; answers to a life that is over are not.
func (s *store) underWay(reply bool) []uint32 {
	var all []uint32
	for i := range s.pending {
		it := &s.pending[i]
		if it.db == nil || it.reply != reply || it.reply && (it.db.life != it.life || it.db.host == nil) {
			continue
		}
		all = append(all, uint32(i))
	}
	slices.SortFunc(all, func(a, b uint32) int { return int(int64(s.pending[a].num) - int64(s.pending[b].num)) })
	return all
}

// moves adds the store's next operation and the next of its answers.
func (s *store) moves(moves []Move) []Move {
	if all := s.underWay(false); len(all) > 0 {
		moves = append(moves, Move{kind: moveStore, item: all[0]})
	}
	if all := s.underWay(true); len(all) > 0 {
		moves = append(moves, Move{kind: moveAnswer, item: all[0]})
	}
	return moves
}

// append appends the canonical bytes of the records and of what is under way.
func (s *store) append(dst []byte) []byte {
	for _, reply := range [...]bool{false, true} {
		for _, i := range s.underWay(reply) {
			it := &s.pending[i]
			dst = fmt.Appendf(dst, "%d %d %d:", it.db.index, it.life, it.typ)
			dst = wire.AppendBytes(dst, it.body)
		}
		dst = append(dst, '.')
	}
	for _, key := range ordered.Keys(s.rows) {
		r := s.rows[key]
		dst = fmt.Appendf(dst, "%q %d %v %q %v %q:", key, r.revision, r.unsure, r.class, r.entity, r.index)
		dst = wire.AppendBytes(dst, r.value)
	}
	dst = fmt.Appendf(dst, "%d", s.floor)
	return dst
}

// rearm schedules again what is under way.
func (s *store) rearm() {
	s.last = s.w.now
	for _, reply := range [...]bool{false, true} {
		for _, i := range s.underWay(reply) {
			s.w.queue.Push(s.w.now, event{op: opStore, a: s.index, b: i})
		}
	}
}

// kindName names what travels on a connection for people.
func kindName(class netsim.Class, kind uint16) string {
	if class == netsim.Stream {
		return packetName([]byte{byte(kind)})
	}
	if int(kind) < len(linkFrames) {
		return linkFrames[kind]
	}
	return TypeName(kind)
}

// linkFrames are the frames of links themselves, as package node numbers them.
var linkFrames = [...]string{"?", "link hello", "link challenge", "link proof", "link ready", "link refused", "link ping"}
