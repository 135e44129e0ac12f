package entity

import (
	"errors"
	"strings"
	"testing"

	"messiah/core/node"
	"messiah/core/proto"
)

// newer makes puppets of the lab those of another version.
func (l *lab) newer(version uint32, upgrade func(*puppet, uint32) error) *lab {
	l.t.Helper()
	if err := Version(version, upgrade).add(l.world.Class(string(puppets))); err != nil {
		l.t.Fatal(err)
	}
	return l
}

// doubled makes puppets of the second version twice as rich as those of the first.
func doubled(p *puppet, from uint32) error {
	if from == 1 {
		p.Gold.Set(2 * p.Gold.Get())
	}
	return nil
}

func TestARecordOfAnOlderVersionIsUpgradedOnce(t *testing.T) {
	l := newLab(t, false).newer(2, doubled)
	p := l.load("ann", fullRecord(t))
	if p.Gold.Get() != 10 || l.marks["properties-upgraded"] != 1 {
		t.Errorf("it has %d, upgraded %d times", p.Gold.Get(), l.marks["properties-upgraded"])
	}
	again := newLab(t, false).newer(2, doubled)
	if p := again.load("ann", l.record(p)); p.Gold.Get() != 10 || again.marks["properties-upgraded"] != 0 {
		t.Errorf("read again it has %d, upgraded %d times", p.Gold.Get(), again.marks["properties-upgraded"])
	}
}

func TestARecordOfANewerVersionIsLeftAsItIs(t *testing.T) {
	l := newLab(t, false).newer(2, nil)
	data := l.record(l.load("ann", fullRecord(t)))
	old := newLab(t, false)
	old.do(func(env *node.Env) {
		_, err := old.world.Make(env, string(puppets), Birth{Incarnation: 1, Data: data})
		if !errors.Is(err, ErrNewer) {
			t.Errorf("error %v", err)
		}
	})
	old.nothingLeft(0)
	fails := newLab(t, false).newer(3, func(*puppet, uint32) error { return errors.New("too old by far") })
	fails.do(func(env *node.Env) {
		_, err := fails.world.Make(env, string(puppets), Birth{Incarnation: 1, Data: data})
		if err == nil || errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "too old by far") {
			t.Errorf("error %v", err)
		}
	})
}

// A state goes to a game of its version or a newer one, never to an older one.
func TestWhoTakesAStateOfAnotherVersion(t *testing.T) {
	first, second := newLab(t, false), newLab(t, false).newer(2, doubled)
	one, two := first.puppet("ann"), second.puppet("bob")
	for _, c := range []struct {
		to   *lab
		of   []proto.SectionName
		want proto.MigrateRefusal
	}{
		{first, first.world.Sections(first.resident(one)), proto.MigrateOK},
		{second, first.world.Sections(first.resident(one)), proto.MigrateOK},
		{second, second.world.Sections(second.resident(two)), proto.MigrateOK},
		{first, second.world.Sections(second.resident(two)), proto.MigrateOlder},
		{second, []proto.SectionName{{Name: "mounts", Version: 1}}, proto.MigrateNoSection},
	} {
		if got := c.to.world.Knows(string(puppets), c.of); got != c.want {
			t.Errorf("sections %v: %v, want %v", c.of, got, c.want)
		}
	}
	if first.world.Edition()+1 != second.world.Edition() {
		t.Errorf("editions %d and %d", first.world.Edition(), second.world.Edition())
	}
}

func TestWhoStaysWithItsGame(t *testing.T) {
	if k := Define(rocks, Stays[*rock]()); !k.Stays() || k.Version() != 1 {
		t.Errorf("it stays: %v, version %d", k.Stays(), k.Version())
	}
	wantPanic(t, func() { Define(puppets, Stays[*puppet]()) }, "an avatar does not stay behind")
	wantPanic(t, func() { Define(rocks, Version[*rock](0, nil)) }, "version 0")
}
