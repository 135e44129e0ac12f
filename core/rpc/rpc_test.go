package rpc

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// name draws a name that a table takes.
func name() *rapid.Generator[string] {
	return rapid.StringMatching(`[a-z_.][a-z0-9._-]{0,3}|[A-Z][a-zA-Z0-9._-]{4,40}`)
}

func names() *rapid.Generator[[]string] {
	return rapid.SliceOfNDistinct(name(), 0, 60, rapid.ID[string])
}

// many returns n names as games have them.
func many(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("avatar.%s_%d", []string{"buy", "sell", "say", "move_item", "cast"}[i%5], i)
	}
	return list
}

// numbers is what a table says of its names, through its exported face alone.
func numbers(t *Table) map[string]uint16 {
	m := map[string]uint16{}
	for _, name := range t.Names() {
		m[name], _ = t.Number(name)
	}
	return m
}

func extended(t interface{ Fatal(...any) }, old *Table, names []string) *Table {
	next, err := Extend(old, names)
	if err != nil {
		t.Fatal(err)
	}
	if err := next.Prove(); err != nil {
		t.Fatal(err)
	}
	return next
}

func TestNoNumberEverChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var table *Table
		given := map[string]uint16{} // by name, for ever
		owner := map[uint16]string{}
		for range rapid.IntRange(1, 6).Draw(t, "editions") {
			wanted := names().Draw(t, "names")
			next := extended(t, table, wanted)
			changed := !slices.Equal(table.Names(), next.Names())
			if grown := next.Schema() - table.Schema(); (grown == 1) != changed || grown > 1 {
				t.Fatalf("the schema went from %d to %d, changed: %v", table.Schema(), next.Schema(), changed)
			}
			if changed == (next.Digest() == table.Digest()) && table != nil {
				t.Fatalf("changed: %v, and the digest went from %x to %x", changed, table.Digest(), next.Digest())
			}
			slices.Sort(wanted)
			if got := next.Names(); !slices.Equal(got, wanted) {
				t.Fatalf("the names are %q, want %q", got, wanted)
			}
			for name, number := range numbers(next) {
				if was, ok := given[name]; ok && was != number {
					t.Fatalf("%s had number %d, and has %d", name, was, number)
				}
				if other := owner[number]; other != "" && other != name {
					t.Fatalf("%s was given number %d of %s", name, number, other)
				}
				given[name], owner[number] = number, name
			}
			for _, name := range next.Retired() {
				if _, ok := next.Number(name); ok {
					t.Fatalf("%s is retired and found", name)
				}
				if back, ok := next.Name(given[name]); ok {
					t.Fatalf("the number of %s, retired, finds %s", name, back)
				}
			}
			if next.Room() != Numbers-len(given) || next.Len() != len(wanted) {
				t.Fatalf("room for %d and %d in use after %d names, %d wanted", next.Room(), next.Len(), len(given), len(wanted))
			}
			table = next
		}
	})
}

func TestOrderAndRepetitionOfNamesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old := Build(names().Draw(t, "old"))
		wanted := names().Draw(t, "names")
		twice := rapid.Permutation(slices.Concat(wanted, wanted)).Draw(t, "twice")
		one, two := extended(t, old, wanted), extended(t, old, twice)
		if !bytes.Equal(one.Text(), two.Text()) || one.Digest() != two.Digest() {
			t.Fatalf("%s\n%s", one.Text(), two.Text())
		}
	})
}

func TestAReturningNameGetsItsNumberAgain(t *testing.T) {
	first := Build([]string{"buy", "sell"})
	without := extended(t, first, []string{"sell"})
	again := extended(t, without, []string{"buy", "sell", "say"})
	want, _ := first.Number("buy")
	if got, ok := again.Number("buy"); !ok || got != want {
		t.Errorf("buy has number %d, had %d", got, want)
	}
	if _, ok := without.Number("buy"); ok || !slices.Equal(without.Retired(), []string{"buy"}) || len(again.Retired()) != 0 {
		t.Errorf("retired are %q, then %q", without.Retired(), again.Retired())
	}
	if again.Schema() != 3 || again.Room() != Numbers-3 {
		t.Errorf("schema %d, room %d", again.Schema(), again.Room())
	}
}

func TestNothingNewIsTheSameTable(t *testing.T) {
	table := Build(many(50))
	if same := extended(t, table, table.Names()); same != table {
		t.Errorf("schema %d became %d", table.Schema(), same.Schema())
	}
}

func TestTwoBranchesSeldomGiveOutTheSameNumber(t *testing.T) {
	base := Build(many(500))
	ours := extended(t, base, append(many(500), "ours.alone"))
	theirs := extended(t, base, append(many(500), "theirs.alone"))
	a, _ := ours.Number("ours.alone")
	b, _ := theirs.Number("theirs.alone")
	both := append(many(500), "ours.alone", "theirs.alone")
	merged := extended(t, ours, both)
	if c, _ := merged.Number("theirs.alone"); a == b || c != b {
		t.Errorf("numbers %d and %d, merged %d", a, b, c)
	}
}

func TestAFullTable(t *testing.T) {
	for _, n := range []int{1, 2, 8000, Numbers} {
		table := Build(many(n))
		if err := table.Prove(); err != nil {
			t.Fatal(err)
		}
		if table.Room() != Numbers-n || table.seed > 3 {
			t.Errorf("%d names: room for %d, seed %d", n, table.Room(), table.seed)
		}
		if _, ok := table.Number("avatar.none"); ok {
			t.Errorf("%d names: a name that is not there is found", n)
		}
	}
	full := Build(many(Numbers))
	if _, err := Extend(full, many(Numbers+1)); err == nil || !strings.Contains(err.Error(), "remove lines of retired names") {
		t.Errorf("one more than all: %v", err)
	}
	// Retired names keep their numbers, so even another set of one does not fit.
	if _, err := Extend(full, []string{"another"}); err == nil {
		t.Error("a name was given the number of a retired one")
	}
}

func TestDigestIsOfNamesAndNumbers(t *testing.T) {
	parse := func(text string) *Table {
		table, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	base := parse("messiah-rpc 1\nschema 1\nseed 0\n1000 a\n1001 b\n")
	for _, same := range []string{
		"messiah-rpc 1\nschema 7\nseed 9\n1001 b\n1000 a\n",
		"messiah-rpc 1\nschema 1\nseed 0\n1000 a\n1001 b\n1002 -c\n",
	} {
		if got := parse(same).Digest(); got != base.Digest() {
			t.Errorf("%q: digest %x, want %x", same, got, base.Digest())
		}
	}
	for _, other := range []string{
		"messiah-rpc 1\nschema 1\nseed 0\n1001 a\n1000 b\n",
		"messiah-rpc 1\nschema 1\nseed 0\n1000 a\n1001 -b\n",
		"messiah-rpc 1\nschema 1\nseed 0\n1000 a\n1001 b\n1002 c\n",
	} {
		if got := parse(other).Digest(); got == base.Digest() {
			t.Errorf("%q has the same digest", other)
		}
	}
}

func TestANilTableIsEmpty(t *testing.T) {
	var table *Table
	_, found := table.Number("a")
	_, named := table.Name(First)
	if found || named || table.Len() != 0 || table.Schema() != 0 || table.Digest() != 0 || table.Room() != Numbers ||
		table.Names() != nil || table.Retired() != nil || table.Prove() != nil {
		t.Error("it is not")
	}
	if _, err := Parse(table.Text()); err != nil {
		t.Error(err)
	}
}

func TestProveFindsWhatIsWrong(t *testing.T) {
	for what, spoil := range map[string]func(t *Table){
		"share number":    func(t *Table) { t.entries[1].number = t.entries[0].number },
		"is not within":   func(t *Table) { t.entries[1].number = Last + 1 },
		"out of order":    func(t *Table) { t.entries[1].name = t.entries[0].name },
		"is found at":     func(t *Table) { t.slots[t.slot(hash("b", t.seed))] = 0 },
		"slots are taken": func(t *Table) { t.slots[slices.Index(t.slots, 0)] = 1 },
		"still found":     func(t *Table) { t.entries[1].retired = true },
		"letters, digits": func(t *Table) { t.entries[2].name = "c c" },
	} {
		table := Build([]string{"a", "b", "c"})
		spoil(table)
		if err := table.Prove(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want %q in it", err, what)
		}
	}
}

func TestNumberAndNameDoNotAllocate(t *testing.T) {
	table := Build(many(8000))
	number, _ := table.Number("avatar.sell_1")
	if n := testing.AllocsPerRun(100, func() {
		table.Number("avatar.sell_1")
		table.Number("avatar.none")
		table.Name(number)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestBuildPanicsAtABadName(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, `"two words"`) {
			t.Errorf("panic %q", text)
		}
	}()
	Build([]string{"two words"})
}

func TestNumbersAndDigestAreTheSameInEveryBuild(t *testing.T) {
	table := Build([]string{"attack", "heal", "avatar.move_item"})
	attack, _ := table.Number("attack")
	item, _ := table.Number("avatar.move_item")
	if attack != 3812 || item != 5016 || table.Digest() != 0x7a4213277c0e932c {
		t.Errorf("%d, %d, %#x", attack, item, table.Digest())
	}
}
