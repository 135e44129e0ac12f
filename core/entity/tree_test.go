package entity

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"messiah/core/wire"
)

func planOf[E any]() *Plan {
	p, err := PlanOf(reflect.TypeFor[E]())
	if err != nil {
		panic(err)
	}
	return p
}

// grown returns a new entity and its tree.
func grown[E any](p *Plan) (*E, *Tree) {
	e := new(E)
	return e, p.Attach(e)
}

// throughWire returns the records as a peer reads them.
func throughWire(t interface{ Fatal(...any) }, all []Notify) []Notify {
	out := make([]Notify, len(all))
	for i := range all {
		if err := wire.Decode(wire.Append(nil, &all[i]), &out[i]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// replay flushes a tree into a copy, which must then be equal.
func replay(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
}, from, to *Tree) []Notify {
	all := throughWire(t, from.TakeNotifies(nil))
	for _, n := range all {
		if err := to.Apply(n); err != nil {
			t.Fatalf("%v in %v", err, texts(all))
		}
	}
	if !Equal(from, to) {
		t.Fatalf("after %v: %x, the copy %x", texts(all), from.AppendAll(nil), to.AppendAll(nil))
	}
	if from.Changed() || to.Changed() || to.SavedChanged() {
		t.Fatal("a flush or a replay leaves changes")
	}
	return all
}

func texts(all []Notify) []string {
	var out []string
	for _, n := range all {
		out = append(out, n.Type.String()+" "+n.Text())
	}
	return out
}

func TestReplayedRecordsGiveAnEqualTree(t *testing.T) {
	plan := planOf[hero]()
	rapid.Check(t, func(t *rapid.T) {
		h, tree := grown[hero](plan)
		_, replica := grown[hero](plan)
		g := &gambler{t: t}
		for range rapid.IntRange(1, 60).Draw(t, "operations") {
			before := tree.AppendAll(nil)
			g.change(h)
			if !bytes.Equal(before, tree.AppendAll(nil)) && !tree.Changed() {
				t.Fatal("a change is not noticed")
			}
			if g.n(9) == 0 {
				replay(t, tree, replica)
			}
		}
		replay(t, tree, replica)
		fresh, loaded := grown[hero](plan)
		if err := loaded.Load(tree.AppendAll(nil)); err != nil || !Equal(tree, loaded) || loaded.Changed() {
			t.Fatalf("loaded: %v, %x", err, loaded.AppendAll(nil))
		}
		// What was loaded goes on to record.
		for range 5 {
			g.change(fresh)
		}
		replay(t, loaded, replica)
	})
}

func TestTheSavedPartIsLoadedAlone(t *testing.T) {
	plan := planOf[hero]()
	rapid.Check(t, func(t *rapid.T) {
		h, tree := grown[hero](plan)
		g := &gambler{t: t}
		for range 20 {
			g.change(h)
		}
		_, loaded := grown[hero](plan)
		if err := loaded.Load(tree.AppendSaved(nil)); err != nil || !bytes.Equal(loaded.AppendSaved(nil), tree.AppendSaved(nil)) {
			t.Fatal(err)
		}
		h.At.Set(spot{})
		h.Seen.Clear()
		h.Grid.Clear()
		if !Equal(tree, loaded) {
			t.Fatal("more than what is saved was loaded")
		}
	})
}

func expect(t *testing.T, tree *Tree, want ...string) []Notify {
	t.Helper()
	all := tree.TakeNotifies(nil)
	if got := texts(all); !slices.Equal(got, want) {
		t.Errorf("recorded %q, want %q", got, want)
	}
	return all
}

func TestPathsAreThoseOfTheMomentOfTheChange(t *testing.T) {
	h, tree := grown[hero](planOf[hero]())
	a := &class{}
	h.School.Set("classA", a)
	h.Quests.Append(&quest{})
	h.Quests.Append(&quest{})
	h.Deep.Set(7, &CustomMap[string, *CustomList[tag]]{})
	h.Seen.Set(-3, nil)
	expect(t, tree, "set school.classA", "insert quests.0", "insert quests.1", "set deep.7", "set seen.-3")
	a.Number.Set(5)
	h.Quests.At(1).Name.Set("x")
	h.Quests.Remove(0)
	h.Quests.At(0).Steps.Set("s", true)
	expect(t, tree, "set school.classA.number", "set quests.1.name", "remove quests.0", "set quests.0.steps.s")
}

func TestWritesOfOneLeafBecomeOne(t *testing.T) {
	plan := planOf[hero]()
	h, tree := grown[hero](plan)
	_, replica := grown[hero](plan)
	h.Marks.Append("a")
	h.Marks.Append("b")
	replay(t, tree, replica)
	for i := range 100 {
		h.Gold.Set(int64(i+1) << 20)
		h.Bag.Set("a", int64(i))
		h.Bag.Set("b", 1)
		h.Marks.Set(0, string(make([]byte, i)))
		h.Marks.Set(1, "x")
		h.Bag.Delete("b")
	}
	want := []string{"set gold", "set bag.a", "delete bag.b", "set marks.0", "set marks.1"}
	if got := texts(replay(t, tree, replica)); !slices.Equal(got, want) {
		t.Errorf("recorded %q", got)
	}
	h.Gold.Set(100 << 20)
	h.Bag.Set("a", 99)
	h.Marks.Set(1, "x")
	if tree.Changed() {
		t.Error("values that are set again are changes")
	}
	h.Gold.Set(0)
	h.Gold.Set(100 << 20)
	expect(t, tree, "set gold")
}

func TestWritesBelowAReplacedSubtreeVanish(t *testing.T) {
	plan := planOf[hero]()
	h, tree := grown[hero](plan)
	_, replica := grown[hero](plan)
	old := &class{}
	h.School.Set("a", old)
	h.Quests.Append(&quest{})
	replay(t, tree, replica)
	q := h.Quests.At(0)
	old.Number.Set(1)
	old.Pupils.Append(&quest{})
	q.Name.Set("gone")
	q.Steps.Set("gone", true)
	h.School.Set("a", &class{})
	h.Quests.Remove(0)
	// The removed ones are on their own.
	old.Number.Set(2)
	q.Steps.Set("on its own", true)
	if got := texts(replay(t, tree, replica)); !slices.Equal(got, []string{"set school.a", "remove quests.0"}) {
		t.Errorf("recorded %q", got)
	}
	old.Pupils.At(0).Name.Set("still on its own")
	if tree.Changed() {
		t.Error("a removed subtree is recorded")
	}
	h.School.Set("a", old)
	old.Number.Set(3)
	h.School.Set("b", &class{})
	h.School.Clear()
	if got := texts(replay(t, tree, replica)); !slices.Equal(got, []string{"clear school"}) {
		t.Errorf("recorded %q", got)
	}
}

// A node that is inserted and leaves within one flush may hold anything by then,
// in a property of another audience: nothing of it is told.
func TestANodeThatPassesThroughIsToldEmpty(t *testing.T) {
	h, tree := grown[hero](planOf[hero]())
	q := &quest{}
	h.School.Set("a", &class{})
	tree.TakeNotifies(nil)
	a, _ := h.School.Get("a")
	a.Pupils.Append(q)
	a.Pupils.Remove(0)
	q.Name.Set("a secret")
	h.Quests.Append(q)
	all := expect(t, tree, "insert school.a.pupils.0", "remove school.a.pupils.0", "insert quests.0")
	if string(all[0].Value) != "\x80" {
		t.Errorf("told %x", all[0].Value)
	}
}

func TestANodeThatIsReplacedBehindAShiftIsToldEmpty(t *testing.T) {
	plan := planOf[hero]()
	h, tree := grown[hero](plan)
	_, replica := grown[hero](plan)
	first, second := &quest{}, &quest{}
	first.Name.Set("a secret")
	second.Name.Set("second")
	h.Quests.Append(first)
	h.Quests.Insert(0, &quest{})
	h.Quests.Set(1, second)
	all := replay(t, tree, replica)
	if got := texts(all); !slices.Equal(got, []string{"insert quests.0", "insert quests.0", "set quests.1"}) || string(all[0].Value) != "\x80" {
		t.Errorf("recorded %q, %x", got, all[0].Value)
	}
	// Without a shift the insertion itself takes up the new node.
	h.Quests.Append(first)
	h.Quests.Set(2, &quest{})
	if got := texts(replay(t, tree, replica)); !slices.Equal(got, []string{"insert quests.2"}) {
		t.Errorf("recorded %q", got)
	}
}

func TestAFullQueueTakesUpThePropertyAsAWhole(t *testing.T) {
	plan := planOf[hero]()
	h, tree := grown[hero](plan)
	_, replica := grown[hero](plan)
	h.Quests.Append(&quest{})
	replay(t, tree, replica)
	h.Gold.Set(1)
	h.Quests.At(0).Name.Set("before")
	for range 3 * MaxNotify {
		h.Marks.Insert(0, "m")
	}
	for i := range 3 * MaxNotify {
		h.Seen.Set(int16(i), []byte{1})
	}
	h.Quests.At(0).Name.Set("after")
	h.Gold.Set(2)
	if got := texts(replay(t, tree, replica)); !slices.Equal(got, []string{"set gold", "set quests.0.name", "set marks", "set seen"}) {
		t.Errorf("recorded %d: %q", len(got), got[:min(9, len(got))])
	}
	big := make([]byte, maxNotifyBytes/4)
	for i := range 20 {
		h.Seen.Set(int16(i), big)
	}
	got := replay(t, tree, replica)
	if !slices.Equal(texts(got), []string{"set seen"}) {
		t.Errorf("recorded %q", texts(got))
	}
}

func TestMisuseSaysWhatIsWrong(t *testing.T) {
	h, _ := grown[hero](planOf[hero]())
	other, _ := grown[hero](planOf[hero]())
	q := &quest{}
	h.Quests.Append(q)
	cycle := &quest{}
	cycle.Kids.Append(cycle)
	deep := &quest{}
	for range MaxTreeDepth {
		outer := &quest{}
		outer.Kids.Append(deep)
		deep = outer
	}
	for _, test := range []struct {
		do   func()
		want string
	}{
		{func() { h.Quests.Append(q) }, "entity: quests: adding an element: the node hangs in a tree already: remove it there first, or make another"},
		{func() { other.Quests.Append(q) }, "entity: quests: adding an element: the node hangs in a tree already: remove it there first, or make another"},
		{func() { h.Quests.Append(cycle) }, "entity: quests: adding an element: kids: element 0: the node hangs in a tree already: remove it there first, or make another"},
		{func() { h.School.Set("a", nil) }, "entity: school: setting key a: the node is nil"},
		{func() { h.Quests.At(1) }, "entity: quests: no place 1 in a list of 1"},
		{func() { h.Marks.Set(-1, "") }, "entity: marks: no place -1 in a list of 0"},
		{func() { h.Marks.Insert(1, "") }, "entity: marks: no place 1 in a list of 0"},
		{func() { new(CustomList[int]).Remove(0) }, "entity: a property outside any tree: no place 0 in a list of 0"},
		{func() { v := h.Gold; v.Set(3) }, "entity: property gold is a copy of one that hangs in a tree: take a pointer to it"},
		{func() { planOf[hero]().Attach(h) }, "entity: attaching entity.hero: at: the node hangs in a tree already: remove it there first, or make another"},
	} {
		if got := panicOf(test.do); got != test.want {
			t.Errorf("panics with %v, want %q", got, test.want)
		}
	}
	if got, _ := panicOf(func() { h.Quests.Append(deep) }).(string); got == "" || !bytes.HasSuffix([]byte(got), []byte("the tree is deeper than 24")) {
		t.Errorf("panics with %q", got)
	}
}

func panicOf(f func()) (got any) {
	defer func() { got = recover() }()
	f()
	return nil
}

func TestWalksGoOnWhileTheMapChanges(t *testing.T) {
	var m CustomMap[int, int]
	for i := range 10 {
		m.Set(9-i, i)
	}
	var got []int
	for key := range m.Keys() {
		got = append(got, key)
		m.Delete(key)
		m.Delete(key + 1)
		m.Set(-1, 0)
		if key == 6 {
			m.Set(100, 1)
		}
	}
	if !slices.Equal(got, []int{0, 2, 4, 6, 8, 100}) || m.Len() != 1 || !m.Has(-1) {
		t.Error(got, m.Len())
	}
	var l CustomList[int]
	l.Append(1)
	l.Append(2)
	for i, v := range l.All() {
		if i+1 != v {
			t.Error(i, v)
		}
		if l.Len() < 5 {
			l.Append(l.Len() + 1)
		}
	}
	if l.Clear(); l.Len() != 0 {
		t.Error("not empty")
	}
}

func TestContainersAreFilledBeforeTheyHang(t *testing.T) {
	plan := planOf[hero]()
	h, tree := grown[hero](plan)
	_, replica := grown[hero](plan)
	names, lists := &CustomList[tag]{}, &CustomMap[string, *CustomList[tag]]{}
	names.Append("a")
	names.Set(0, "b")
	lists.Set("l", &CustomList[tag]{})
	lists.Set("l", names)
	lists.Set("gone", &CustomList[tag]{})
	if !lists.Delete("gone") || lists.Delete("gone") {
		t.Error("a key is deleted twice, or not once")
	}
	h.Deep.Set(1, lists)
	names.Append("c")
	replay(t, tree, replica)
	names.Append("d")
	if got := texts(replay(t, tree, replica)); !slices.Equal(got, []string{"insert deep.1.l.2"}) {
		t.Errorf("recorded %q", got)
	}
	h.Deep.Clear()
	names.Append("e")
	if names.Len() != 4 || names.At(3) != "e" {
		t.Error("a list outside any tree is not as it was left")
	}
	other := &CustomMap[string, *CustomList[tag]]{}
	other.Set("x", nil)
	if got := panicOf(func() { h.Deep.Set(2, other) }); got != "entity: deep: setting key 2: key x: the node is nil" {
		t.Error(got)
	}
}

func TestBytesThatWereChangedInPlaceAreAChange(t *testing.T) {
	h, tree := grown[hero](planOf[hero]())
	h.Seen.Set(1, []byte("a"))
	tree.TakeNotifies(nil)
	b, _ := h.Seen.Get(1)
	b[0] = 'b'
	h.Seen.Set(1, b)
	if all := expect(t, tree, "set seen.1"); string(all[0].Value) != "\xc4\x01b" {
		t.Errorf("recorded %x", all[0].Value)
	}
}

func TestRecordsFromAPeerAreBounded(t *testing.T) {
	long := Notify{Path: make([]Step, MaxTreeDepth+1)}
	unknown := Notify{Type: notifyTypes}
	for _, n := range []Notify{long, unknown} {
		var got Notify
		if err := wire.Decode(wire.Append(nil, &n), &got); err == nil {
			t.Errorf("read %v", got)
		}
	}
	var got Notify
	if err := wire.Decode([]byte("\x93\x00\x91\x92\x05\x00\xc0"), &got); err == nil || err.Error() != "entity: no step is of kind 5" {
		t.Error(err)
	}
	if notifyTypes.String() != "notify?" || Audience(9).String() != "AUDIENCE?" {
		t.Error("a name for what is none")
	}
}

func TestIndexesAndAudiences(t *testing.T) {
	plan := planOf[hero]()
	h, tree := grown[hero](plan)
	h.Name.Set("Conan")
	h.Gold.Set(-1)
	h.Bag.Set("a", 1)
	got := map[string]string{}
	tree.Indexes(func(field, value string) { got[field] = value })
	if want := map[string]string{"name": "Conan", "gold": "7fffffffffffffff"}; !reflect.DeepEqual(got, want) {
		t.Error(got)
	}
	if !plan.Saves() || tree.Plan() != plan {
		t.Error("the plan saves nothing")
	}
	_, own := grown[hero](plan)
	_, all := grown[hero](plan)
	if err := own.Load(tree.AppendFor(nil, OwnClientOnly)); err != nil || !Equal(own, tree) {
		t.Error(err)
	}
	if err := all.Load(tree.AppendFor(nil, AllClients)); err != nil || Equal(all, tree) {
		t.Error("what is for the own client is for all", err)
	}
	for _, n := range tree.TakeNotifies(nil) {
		p, ok := tree.PropertyOf(n)
		if want := n.Path[0].Name == "name"; !ok || (p.Kind == AllClients) != want || !p.Saved {
			t.Errorf("%v is of %+v", n.Text(), p)
		}
	}
	if _, ok := tree.PropertyOf(Notify{}); ok {
		t.Error("a record without path is of a property")
	}
}

func TestTheFirstChangeAfterAFlushIsCalled(t *testing.T) {
	h, tree := grown[hero](planOf[hero]())
	calls := 0
	tree.OnChange(func() { calls++ })
	h.At.Set(spot{1, 1})
	h.At.Set(spot{1, 2})
	if calls != 1 || tree.SavedChanged() {
		t.Error(calls, tree.SavedChanged())
	}
	expect(t, tree, "set at")
	h.Marks.Append("a")
	if calls != 2 || !tree.SavedChanged() {
		t.Error(calls, tree.SavedChanged())
	}
	tree.TakeNotifies(nil)
	if !tree.SavedChanged() {
		t.Error("a flush is no save")
	}
	if tree.ClearSavedChanged(); tree.SavedChanged() {
		t.Error("still to be saved")
	}
}

func TestRecordingAllocatesNothing(t *testing.T) {
	h, tree := grown[hero](planOf[hero]())
	var notifies []Notify
	h.School.Set("a", &class{})
	a, _ := h.School.Get("a")
	h.Marks.Append("x")
	n := int64(0)
	once := func() {
		n++
		h.Gold.Set(n)
		h.At.Set(spot{float64(n), 1})
		h.Bag.Set("gold", n)
		a.Number.Set(int32(n))
		notifies = tree.TakeNotifies(notifies[:0])
		if len(notifies) != 4 {
			t.Fatal(len(notifies))
		}
	}
	tree.TakeNotifies(nil)
	once()
	once()
	if allocs := testing.AllocsPerRun(100, once); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkSetAndFlush(b *testing.B) {
	h, tree := grown[hero](planOf[hero]())
	var notifies []Notify
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		n++
		h.Gold.Set(n)
		notifies = tree.TakeNotifies(notifies[:0])
	}
}

func BenchmarkSetAgain(b *testing.B) {
	h, _ := grown[hero](planOf[hero]())
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		n++
		h.Gold.Set(n)
	}
}

func BenchmarkMapSetAndFlush(b *testing.B) {
	h, tree := grown[hero](planOf[hero]())
	var notifies []Notify
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		n++
		h.Bag.Set("gold", n)
		notifies = tree.TakeNotifies(notifies[:0])
	}
}

func BenchmarkAttach(b *testing.B) {
	plan := planOf[hero]()
	b.ReportAllocs()
	for b.Loop() {
		plan.Attach(new(hero))
	}
}
