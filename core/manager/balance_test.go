package manager

import (
	"testing"

	"messiah/core/node"
	"messiah/core/proto"

	"pgregory.net/rapid"
)

// full makes a manager of games that have reported so many avatars each.
func full(b Balance, loads []int) *Manager {
	m := New(Config{Balance: b})
	for i, n := range loads {
		m.procs = append(m.procs, proc{
			peer: node.Peer{ID: node.NewID(node.Game, i+1), Inc: 1}, ready: true, fresh: freshReports, report: proto.Report{Avatars: uint64(n)},
		})
	}
	m.heat()
	return m
}

// relieve carries out what the manager orders until it orders nothing more, and returns who gave and who took.
func relieve(t *rapid.T, m *Manager, most int) (gave, took map[node.ID]int) {
	gave, took = map[node.ID]int{}, map[node.ID]int{}
	for range most {
		m.heat()
		from, to, count := m.relief()
		if count == 0 {
			return gave, took
		}
		if count < 0 || count > m.cfg.Balance.Moves || count > from.load() {
			t.Fatalf("%d are to move from a game that has %d, %d at a time", count, from.load(), m.cfg.Balance.Moves)
		}
		gave[from.peer.ID] += count
		took[to.peer.ID] += count
		from.report.Avatars -= uint64(count)
		to.report.Avatars += uint64(count)
	}
	t.Fatalf("after %d orders there is a further one", most)
	return nil, nil
}

// Whatever the games have, orders come to an end, no game both gives and takes, and at the end
// no game is hot beside one that has room.
func TestNobodyIsMovedBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		loads := rapid.SliceOfN(rapid.IntRange(0, 200), 1, 8).Draw(t, "loads")
		high := rapid.IntRange(1, 150).Draw(t, "high")
		b := Balance{
			High: high, Low: rapid.IntRange(0, high-1).Draw(t, "low"), Gap: rapid.IntRange(0, 40).Draw(t, "gap"),
			Moves: rapid.IntRange(0, 50).Draw(t, "moves"),
		}
		m := full(b, loads)
		gave, took := relieve(t, m, 8*200+1)
		for i := range m.procs {
			if id := m.procs[i].peer.ID; gave[id] > 0 && took[id] > 0 {
				t.Fatalf("%v gave %d and took %d of %v", id, gave[id], took[id], loads)
			}
		}
		all, least, most := 0, m.procs[0].load(), m.procs[0].load()
		for i := range m.procs {
			n := m.procs[i].load()
			all, least, most = all+n, min(least, n), max(most, n)
		}
		mean := (all + len(loads) - 1) / len(loads)
		if most > high && most-least > m.cfg.Balance.Gap && most > mean {
			t.Fatalf("%v became %d to %d avatars, high %d, gap %d", loads, least, most, high, m.cfg.Balance.Gap)
		}
	})
}

// Two games with as many avatars never exchange any, however full they are.
func TestEqualGamesExchangeNobody(t *testing.T) {
	for _, n := range []int{0, 1, 50, 51, 1000} {
		for more := range 2 {
			m := full(Balance{High: 50}, []int{n, n + more})
			if from, to, count := m.relief(); count != 0 {
				t.Errorf("of %d and %d avatars %d are to go from %v to %v", n, n+more, count, from.peer.ID, to.peer.ID)
			}
		}
	}
}

// A game that was relieved down to between the watermarks is left alone: it is hot no more only at the lower one.
func TestHysteresis(t *testing.T) {
	m := full(Balance{High: 10, Low: 5, Gap: 1, Moves: 1}, []int{11, 0})
	for _, want := range []int{10, 9, 8, 7, 6} {
		from, _, count := m.relief()
		if count != 1 || from.load()-1 != want {
			t.Fatalf("%d move from a game that is to have %d", count, want)
		}
		from.report.Avatars--
		m.procs[1].report.Avatars++
		m.heat()
	}
	if _, _, count := m.relief(); count != 0 {
		t.Errorf("%d move at the mean", count)
	}
	m = full(Balance{High: 10, Low: 5, Gap: 1}, []int{10, 0})
	if _, _, count := m.relief(); count != 0 {
		t.Errorf("%d move from a game that was never over its high watermark", count)
	}
}

// Who is not to take part does not: a closed game, one that has not reported since, one that is older.
func TestWhoIsNotRelieved(t *testing.T) {
	for name, change := range map[string]func(from, to *proc){
		"a closed source":                func(from, _ *proc) { from.closed = true },
		"a closed target":                func(_, to *proc) { to.closed = true },
		"a target that is not ready":     func(_, to *proc) { to.ready = false },
		"a source that said nothing new": func(from, _ *proc) { from.fresh = freshReports - 1 },
		"a target that said nothing new": func(_, to *proc) { to.fresh = 0 },
		"an older target":                func(from, _ *proc) { from.edition = 2 },
	} {
		m := full(Balance{High: 10}, []int{100, 0})
		change(&m.procs[0], &m.procs[1])
		if _, _, count := m.relief(); count != 0 {
			t.Errorf("%s: %d move", name, count)
		}
	}
	m := full(Balance{High: 10}, []int{100, 0})
	if _, _, count := m.relief(); count != DefaultMoves {
		t.Errorf("%d move where nothing speaks against it", count)
	}
}
