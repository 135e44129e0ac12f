package scenarios

import (
	"fmt"
	"hash/fnv"
	"math"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/sim"
	"messiah/sim/tier"
)

// What games and the db say to each other about one record has to be
// explained by one order of the requests, each at one moment between the db's
// handling of it and the game's of the answer (Herlihy and Wing, "Linearizability",
// 1990). A request without an answer, or with one that says "not now", may have
// been carried out at any later moment, or never.

// asked is a request as the db has handled it.
type asked struct {
	Key string
	By  node.Peer
	Typ uint16

	Owner, Version uint64 // of a save
	Data           uint64 // its hash
	Drop, Delete   bool   // of a release
}

// answered is what the game was told. The zero value is no answer, or "not now".
type answered struct {
	Granted, Held, Saved, Stale bool
	Owner, Version, Data        uint64
	Holder                      node.Peer
}

// loader is the record's state.
type loader struct {
	holder               node.Peer
	owner, version, data uint64
	gone                 bool // it is not there: the numbers of one that is made are higher than these, if another was deleted
}

// loaderModel says what a record allows.
var loaderModel = porcupine.NondeterministicModel{
	Init: func() []any { return []any{loader{data: hashOf(nil), gone: true}} },
	Step: func(state, input, output any) []any {
		st, in, out := state.(loader), input.(asked), output.(answered)
		if in.Typ == proto.TypeClaim {
			return st.claim(&in, &out)
		}
		return st.save(&in, &out)
	},
}

func (st loader) claim(in *asked, out *answered) []any {
	after := st
	after.holder, after.owner = in.By, proto.NextLoad(st.owner)
	switch {
	case out.Granted && st.gone && out.Owner > st.owner && out.Version >= st.version && out.Data == st.data:
		return []any{loader{holder: in.By, owner: out.Owner, version: out.Version, data: out.Data}}
	case out.Granted && !st.gone && out.Owner == after.owner && out.Version == st.version && out.Data == st.data:
		return []any{after}
	case out.Held && st.holder == out.Holder && out.Holder != in.By:
		return []any{st}
	case *out == answered{}:
		return []any{st, after}
	}
	return nil
}

func (st loader) save(in *asked, out *answered) []any {
	owns := st.holder == in.By && st.owner == in.Owner
	after, writes := st, false
	if owns {
		after, writes = st.written(in)
	}
	switch {
	case out.Saved && writes && out.Version == after.version, out.Saved && writes && in.Delete && out.Version == st.version:
		return []any{after}
	case out.Stale && (!owns || !writes && in.Version < st.version):
		return []any{st}
	case *out == answered{} && writes:
		return []any{st, after}
	case *out == answered{}:
		return []any{st}
	}
	return nil
}

// written returns what the owner's save makes of the record, and whether it is one that may be carried out.
func (st loader) written(in *asked) (after loader, writes bool) {
	after = st
	if in.Typ == proto.TypeRelease {
		after.holder = node.Peer{}
	}
	switch {
	case in.Delete:
		return loader{owner: st.owner, version: st.version, data: hashOf(nil), gone: true}, true
	case in.Drop, in.Version+1 == st.version && in.Data == st.data:
	case in.Version == st.version:
		after.version, after.data = st.version+1, in.Data
	default:
		return st, false
	}
	return after, true
}

func hashOf(b []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(b)
	return h.Sum64()
}

// requestOf names a request: a game counts its own.
type requestOf struct {
	by  node.Peer
	num uint64
}

// history is what was overheard of one run.
type history struct {
	now  func() node.Time
	ops  []porcupine.Operation
	open map[requestOf]int // index of its operation
}

func (h *history) hear(at node.Peer, in *node.Input) {
	if in.Kind != node.InMessage {
		return
	}
	switch in.Type {
	case proto.TypeClaim, proto.TypeSave, proto.TypeRelease:
		if at.ID.Kind() == node.DB {
			h.request(node.Peer{ID: in.From, Inc: in.Inc}, in)
		}
	case proto.TypeClaimed, proto.TypeHeld, proto.TypeSaved, proto.TypeNoSave:
		if at.ID.Kind() == node.Game {
			h.answer(at, in)
		}
	}
}

func (h *history) request(by node.Peer, in *node.Input) {
	op, num := asked{By: by, Typ: in.Type}, uint64(0)
	switch in.Type {
	case proto.TypeClaim:
		var m proto.Claim
		if wire.Decode(in.Body, &m) != nil {
			return
		}
		op.Key, num = m.Key, m.Num
	default:
		var m proto.Release // of which a Save is the beginning
		if wire.Decode(in.Body, &m) != nil {
			return
		}
		op.Key, op.Owner, op.Version, op.Data, num = m.Key, m.Owner, m.Version, hashOf(m.Data), m.Num
		op.Drop, op.Delete = m.Drop, m.Delete
	}
	h.open[requestOf{by, num}] = len(h.ops)
	h.ops = append(h.ops, porcupine.Operation{Input: op, Output: answered{}, Call: int64(h.now()), Return: math.MaxInt64})
}

func (h *history) answer(at node.Peer, in *node.Input) {
	var out answered
	var num uint64
	var err error
	switch in.Type {
	case proto.TypeClaimed:
		var m proto.Claimed
		err = wire.Decode(in.Body, &m)
		num, out = m.Num, answered{Granted: true, Owner: m.Owner, Version: m.Version, Data: hashOf(m.Data)}
	case proto.TypeHeld:
		var m proto.Held
		err = wire.Decode(in.Body, &m)
		if num = m.Num; m.Game != (node.Peer{}) {
			out = answered{Held: true, Holder: m.Game}
		}
	case proto.TypeSaved:
		var m proto.Saved
		err = wire.Decode(in.Body, &m)
		num, out = m.Num, answered{Saved: true, Version: m.Version}
	case proto.TypeNoSave:
		var m proto.NoSave
		err = wire.Decode(in.Body, &m)
		num, out = m.Num, answered{Stale: m.Stale}
	}
	i, known := h.open[requestOf{at, num}]
	if err != nil || !known || out == (answered{}) {
		return
	}
	delete(h.open, requestOf{at, num})
	h.ops[i].Output, h.ops[i].Return = out, int64(h.now())
}

// overheard plays a scenario and returns what games and db said about records, record by record.
func overheard(t *testing.T, sc *sim.Scenario, cfg sim.RunConfig) map[string][]porcupine.Operation {
	t.Helper()
	h := &history{open: map[requestOf]int{}}
	listened := *sc
	listened.Play = func(s *sim.Story) {
		h.now = s.Now
		s.Overhear(h.hear)
		sc.Play(s)
	}
	if _, err := tier.Exec(&listened, cfg); err != nil {
		t.Fatal(err)
	}
	by := map[string][]porcupine.Operation{}
	for _, op := range h.ops {
		key := op.Input.(asked).Key
		by[key] = append(by[key], op)
	}
	return by
}

// linear tells whether one order explains what was said about a record.
func linear(ops []porcupine.Operation) bool {
	model := loaderModel.ToModel()
	return porcupine.CheckOperationsTimeout(model, ops, 20*time.Second) == porcupine.Ok
}

// loaderStories are those in which records change hands while things go wrong.
var loaderStories = []string{"db-lost", "late-answers", "orderly-stop", "game-lost", "town-under-fire", "login-storm"}

func TestRecordsAreLinear(t *testing.T) {
	for _, name := range loaderStories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ops, changed, seeds := 0, 0, uint64(20)
			if testing.Short() { // as under the race detector
				seeds = 3
			}
			for seed := range seeds {
				for key, said := range overheard(t, named(t, name), sim.RunConfig{Seed: seed}) {
					if !linear(said) {
						t.Errorf("seed %d: no order explains what was said about %s: %s", seed, key, described(said))
					}
					ops += len(said)
					if len(said) > 2 {
						changed++
					}
				}
			}
			if ops < int(5*seeds) || changed == 0 {
				t.Errorf("%d requests about %d records that changed hands", ops, changed)
			}
		})
	}
}

// TestUnexplainedRecordsAreNoticed alters one answer of a sound history.
func TestUnexplainedRecordsAreNoticed(t *testing.T) {
	noticed := 0
	for _, said := range overheard(t, named(t, "town-under-fire"), sim.RunConfig{Seed: 6}) {
		for i := range said {
			was := said[i].Output.(answered)
			if !was.Granted {
				continue
			}
			older := was
			older.Owner--
			if said[i].Output = older; linear(said) {
				t.Errorf("request %d was granted under an older number, and an order explains it", i)
			}
			said[i].Output = was
			noticed++
		}
	}
	if noticed == 0 {
		t.Error("no claim was granted")
	}
}

// TestPlantedStaleWriteIsNotLinear: in the planted build the db writes what a stale owner saves.
func TestPlantedStaleWriteIsNotLinear(t *testing.T) {
	if !planted.Built {
		if planted.Choose("stale-owner-written") == nil {
			t.Error("an ordinary build has bugs")
		}
		return
	}
	if err := planted.Choose("stale-owner-written"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = planted.Choose("") }()
	for seed := range uint64(200) {
		for _, said := range overheard(t, named(t, "orderly-stop"), sim.RunConfig{Seed: seed}) {
			if !linear(said) {
				return
			}
		}
	}
	t.Error("200 seeds with a db that writes for stale owners, and an order explains each")
}

func named(t *testing.T, name string) *sim.Scenario {
	t.Helper()
	for _, sc := range All() {
		if sc.Name == name {
			return sc
		}
	}
	t.Fatalf("no scenario %q", name)
	return nil
}

func described(ops []porcupine.Operation) string {
	s := ""
	for _, op := range ops {
		in := op.Input.(asked)
		s += fmt.Sprintf("\n  %v..%v %v %s owner %d -> %+v", node.Time(op.Call), node.Time(op.Return), in.By, sim.TypeName(in.Typ), in.Owner, op.Output)
	}
	return s
}
