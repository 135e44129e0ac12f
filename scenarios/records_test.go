package scenarios

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/sim"
	"messiah/sim/choice"
	"messiah/sim/tier"
)

// Games that ask the db for anything, in any order, over a store that fails, loses
// answers, doubles them and takes its time. What they were told about each record
// and each name has to be explained by one order of the requests.

// naming is a request for a unique name.
type naming struct {
	Name  string // key of its record
	Key   string // of the record that is to own it
	Drops bool
}

// nameAnswer is what was said about it; the zero value is no answer.
type nameAnswer struct {
	OK     bool
	Holder string
}

// nameModel says what a unique name allows; its state is the key of the record that owns it.
var nameModel = porcupine.NondeterministicModel{
	Init: func() []any { return []any{""} },
	Step: func(state, input, output any) []any {
		owner, in, out := state.(string), input.(naming), output.(nameAnswer)
		mayChange := owner == in.Key || owner == "" && !in.Drops
		after := in.Key
		if in.Drops {
			after = ""
		}
		switch {
		case out == nameAnswer{} && mayChange:
			return []any{owner, after}
		case out == nameAnswer{}, out.Holder != "" && out.Holder == owner && owner != in.Key:
			return []any{owner}
		case out.OK && out.Holder == "" && (mayChange || in.Drops && owner == ""):
			return []any{after}
		}
		return nil
	},
}

// rawGame is a game by its word alone.
type rawGame struct {
	life  node.Peer
	db    *sim.RawConn
	seen  int // frames of the db's that were looked at
	num   uint64
	views map[string]*proto.Claimed // what it believes of the records that it was granted
}

// office is where the raw games ask, and the history of it.
type office struct {
	*breaker
	games   []*rawGame
	records history
	names   map[requestOf]int
	named   []porcupine.Operation
	told    map[string]int // answers by what they say
}

var (
	officeKeys  = []string{"stub:chat", "entity:1"}
	officeNames = []string{"ann", "bob"}
)

// officeStory lets three raw games work; done is called with what was overheard.
func officeStory(done func(*office)) *sim.Scenario {
	return &sim.Scenario{
		Name: "office", About: "Games ask the db for anything.", Game: Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Clients, o.Stall = 0, 0
			o.StoreFail, o.StoreLose, o.StoreDouble = 60_000, 3_000, 100_000
		},
		Play: func(s *sim.Story) {
			s.Open()
			o := &office{
				breaker: &breaker{Story: s, lives: 1}, records: history{now: s.Now, open: map[requestOf]int{}},
				names: map[requestOf]int{}, told: map[string]int{},
			}
			var leave []func()
			for range 3 {
				r, lead := o.joined()
				leave = append(leave, func() { o.leaves(r, lead) })
				g := &rawGame{life: r.Self, db: o.linked(r, sim.DBID, 0, false), views: map[string]*proto.Claimed{}}
				g.db.Say(&proto.Announced{})
				o.games = append(o.games, g)
			}
			s.Go(50 * time.Millisecond)
			for range 100 {
				for range 1 + s.Pick("asks", 2) {
					o.ask(o.games[s.Pick("game", len(o.games))])
				}
				s.Go(time.Duration(s.Pick("pause", 25)) * time.Millisecond)
				o.hear()
			}
			s.Go(4 * time.Second)
			o.hear()
			done(o)
			for _, f := range leave {
				f()
			}
		},
	}
}

// ask lets a game ask for one thing.
func (o *office) ask(g *rawGame) {
	g.num++
	key := officeKeys[o.Pick("key", len(officeKeys))]
	view := g.views[key]
	if view == nil {
		view = &proto.Claimed{}
	}
	save := proto.Save{
		Key: key, Num: g.num, Owner: view.Owner, Version: view.Version, Data: fmt.Append(nil, g.life.Inc, g.num),
		Class: "office", Index: []proto.IndexEntry{{Field: "by", Value: g.life.ID.String()}},
	}
	if o.Pick("old", 8) == 1 && save.Version > 0 {
		save.Version--
	}
	switch kind := o.Pick("kind", 10); kind {
	case 0, 1, 2:
		o.request(g, &proto.Claim{Key: key, Num: g.num})
	case 3, 4:
		o.request(g, &save)
	case 5, 6, 7:
		o.request(g, &proto.Release{Save: save, Drop: kind == 5, Delete: kind == 6})
	default:
		m := proto.TakeName{Num: g.num, Class: "office", Name: officeNames[o.Pick("name", len(officeNames))], Key: key}
		o.names[requestOf{g.life, g.num}] = len(o.named)
		o.named = append(o.named, porcupine.Operation{
			Input: naming{proto.NameKey(m.Class, m.Name), key, kind == 9}, Output: nameAnswer{}, Call: int64(o.Now()), Return: math.MaxInt64,
		})
		if kind == 9 {
			g.db.Say(&proto.DropName{TakeName: m})
		} else {
			g.db.Say(&m)
		}
	}
}

// request says something about a record, and writes it down.
func (o *office) request(g *rawGame, m node.Message) {
	o.records.request(g.life, &node.Input{Type: m.Type(), Body: wire.Append(nil, m)})
	g.db.Say(m)
}

// hear takes in what the games were told.
func (o *office) hear() {
	for _, g := range o.games {
		for ; g.seen < len(g.db.Frames); g.seen++ {
			f := &g.db.Frames[g.seen]
			o.told[sim.TypeName(f.Type)]++
			switch f.Type {
			case proto.TypeClaimed, proto.TypeHeld, proto.TypeSaved, proto.TypeNoSave:
				o.records.answer(g.life, &node.Input{Type: f.Type, Body: f.Payload})
				g.learn(f)
			case proto.TypeNameTaken, proto.TypeNameDropped:
				o.nameAnswered(g, f)
			}
		}
	}
}

// learn keeps what a game believes of its records.
func (g *rawGame) learn(f *wire.Frame) {
	switch f.Type {
	case proto.TypeClaimed:
		var m proto.Claimed
		if wire.Decode(f.Payload, &m) == nil {
			g.views[m.Key] = &m
		}
	case proto.TypeSaved:
		var m proto.Saved
		if wire.Decode(f.Payload, &m) == nil && g.views[m.Key] != nil {
			g.views[m.Key].Version = m.Version
		}
	}
}

func (o *office) nameAnswered(g *rawGame, f *wire.Frame) {
	var m proto.NameTaken // a NameDropped has the same fields
	if err := wire.Decode(f.Payload, &m); err != nil || m.Failed {
		return
	}
	i, open := o.names[requestOf{g.life, m.Num}]
	if !open {
		o.Violate("once", "a request for a name was answered twice, or nobody asked: %+v", m)
		return
	}
	delete(o.names, requestOf{g.life, m.Num})
	o.named[i].Output, o.named[i].Return = nameAnswer{m.OK && m.Holder == "", m.Holder}, int64(o.Now())
}

func TestRecordsAndNamesAreLinearWhateverIsAsked(t *testing.T) {
	told, seeds := map[string]int{}, uint64(40)
	if testing.Short() {
		seeds = 4
	}
	marks := map[string]int{}
	for seed := range seeds {
		var o *office
		res, err := tier.Exec(officeStory(func(done *office) { o = done }), sim.RunConfig{Seed: seed})
		if err != nil || res.Verdict != sim.Pass {
			t.Fatalf("seed %d: %v, %v %s", seed, err, res.Verdict, res.Message)
		}
		for what, n := range o.told {
			told[what] += n
		}
		for _, m := range res.Marks {
			marks[fmt.Sprint(m)]++
		}
		for key, said := range byKey(o.records.ops, func(in any) string { return in.(asked).Key }) {
			if !linear(said) {
				t.Errorf("seed %d: no order explains what was said about %s: %s", seed, key, described(said))
			}
		}
		model := nameModel.ToModel()
		for name, said := range byKey(o.named, func(in any) string { return in.(naming).Name }) {
			if porcupine.CheckOperationsTimeout(model, said, 20*time.Second) != porcupine.Ok {
				t.Errorf("seed %d: no order explains what was said about %s: %+v", seed, name, said)
			}
		}
	}
	for _, what := range []string{"claimed", "held", "saved", "no-save", "name-taken", "name-dropped"} {
		if told[what] == 0 {
			t.Errorf("nobody was told %q: %v", what, told)
		}
	}
	t.Log(told)
}

func byKey(ops []porcupine.Operation, key func(input any) string) map[string][]porcupine.Operation {
	by := map[string][]porcupine.Operation{}
	for _, op := range ops {
		by[key(op.Input)] = append(by[key(op.Input)], op)
	}
	return by
}

// TestQueriesFindWhatWasSaved asks when all is still.
func TestQueriesFindWhatWasSaved(t *testing.T) {
	sc := officeStory(func(o *office) {
		g := o.games[0]
		find := func(m proto.Query) []string {
			from := len(g.db.Frames)
			answer := func() int {
				return slices.IndexFunc(g.db.Frames[from:], func(f wire.Frame) bool { return f.Type == proto.TypeFound })
			}
			g.db.Say(&m)
			o.Must("a query is answered", func() bool { return answer() >= 0 }, 10*time.Second)
			var found proto.Found
			if err := wire.Decode(g.db.Frames[from+answer()].Payload, &found); err != nil || found.Failed || found.Num != m.Num {
				return []string{fmt.Sprint(found, err)}
			}
			var keys []string
			for _, f := range found.Keys {
				keys = append(keys, f.Key)
			}
			return keys
		}
		all := find(proto.Query{Num: 1, Class: "office"})
		var parts []string
		for i, g := range o.games {
			parts = append(parts, find(proto.Query{Num: uint64(2 + i), Class: "office", Field: "by", Value: g.life.ID.String()})...)
		}
		if slices.Sort(parts); !slices.Equal(all, parts) {
			t.Errorf("the class has %q, and who saved them last %q", all, parts)
		}
	})
	options := sc.Options
	sc.Options = func(o *sim.Options, s choice.Stream) {
		options(o, s)
		o.StoreFail, o.StoreLose = 0, 0
	}
	for seed := range uint64(5) {
		if res, err := tier.Exec(sc, sim.RunConfig{Seed: seed}); err != nil || res.Verdict != sim.Pass {
			t.Fatalf("seed %d: %v, %v %s", seed, err, res.Verdict, res.Message)
		}
	}
}
