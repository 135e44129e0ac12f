package entity

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"messiah/core/addr"
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/wire"
)

// sections returns a record's sections, to be changed and written again.
func sections(t testing.TB, data []byte) []section {
	t.Helper()
	var b recordBody
	if err := wire.Decode(data, &b); err != nil {
		t.Fatal(err)
	}
	return b.sections
}

func recordOf(all []section) []byte { return wire.Append(nil, &recordBody{string(puppets), all}) }

// fullRecord is a record with something in each of its sections.
func fullRecord(t testing.TB) []byte {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.code(func(c *Call) {
		p.Name.Set("Ann")
		p.Gold.Set(5)
		p.Mood.Set(6)
		p.Bag.Set("key", []byte("gold"))
		tick.After(c, p, time.Second, 3)
		town, _ := c.NewSpace("town")
		if err := c.Teleport(p, town, geom.Vec3{X: 1, Y: 2, Z: 3}, 4); err != nil {
			t.Fatal(err)
		}
	})
	l.script["poke"] = func(p *puppet, c *Call) {
		poke.Tell(c, addr.Stub("bell"), 1)
		poke.Ask(c, addr.Stub("bell"), 1, said, With{Key: 5})
		poke.Ask(c, addr.Stub("bell"), 1, said, With{Key: 6})
	}
	l.call(p, "poke", 1, encoded[int64](t, 1))
	return l.record(p)
}

func TestARecordRoundTrip(t *testing.T) {
	data := fullRecord(t)
	l := newLab(t, false)
	p := l.load("ann", data)
	l.happened("loaded", "said 5", "said 6") // whose answers went with the entity that asked
	wantError(t, l.heard, ErrLost)
	if p.Name.Get() != "Ann" || p.Gold.Get() != 5 || p.Mood.Get() != 0 {
		t.Errorf("it is %q with %d, %d", p.Name.Get(), p.Gold.Get(), p.Mood.Get())
	}
	if gold, _ := p.Bag.Get("key"); string(gold) != "gold" {
		t.Errorf("in its bag is %q", gold)
	}
	if p.Position() != (geom.Vec3{X: 1, Y: 2, Z: 3}) || p.Yaw() != 4 || !p.Space().IsZero() {
		t.Errorf("it is at %v, %v in %v", p.Position(), p.Yaw(), p.Space())
	}
	l.wait(time.Second)
	l.happened("tick 3")
	var index []IndexEntry
	l.do(func(env *node.Env) { _, index = l.world.Record(env, l.resident(p)) })
	if !slices.Equal(index, []IndexEntry{{Field: "name", Value: "Ann"}}) {
		t.Errorf("its index is %v", index)
	}
}

// A record that waits for nothing is the same when it is read and written again.
func TestARecordOfARecordIsTheSame(t *testing.T) {
	l := newLab(t, false)
	p := l.load("ann", fullRecord(t))
	first := l.record(p)
	if again := newLab(t, false); !bytes.Equal(first, again.record(again.load("ann", first))) {
		t.Error("a record differs from the record that it was made of")
	}
}

func TestASectionThatIsNotKnownIsSkipped(t *testing.T) {
	all := append([]section{{"mounts", 9, []byte{0xc1}}}, sections(t, fullRecord(t))...)
	l := newLab(t, false)
	if p := l.load("ann", recordOf(all)); p.Gold.Get() != 5 {
		t.Errorf("it has %d", p.Gold.Get())
	}
}

// An older class may have had more timers and replies.
func TestTimersAndRepliesOfAnOlderClassAreSkipped(t *testing.T) {
	all := sections(t, fullRecord(t))
	for i := range all {
		switch all[i].name {
		case "timers":
			all[i].body = wire.Append(nil, &timerStates{[]timerState{{name: "gong", left: 1}, {name: "tick", left: 1}}})
		case "asks":
			all[i].body = wire.Append(nil, &askStates{[]askState{{"gone", 1}, {"said", 2}}})
		}
	}
	l := newLab(t, false)
	l.load("ann", recordOf(all))
	l.happened("loaded", "said 2")
	l.wait(time.Second)
	l.happened("tick 0")
	if l.marks["timer-of-an-older-class"] != 1 || l.marks["reply-of-an-older-class"] != 1 {
		t.Errorf("marks %v", l.marks)
	}
	l.nothingLeft(1)
}

// A record that cannot be read makes no entity, and nothing of it stays behind.
func TestABadRecordMakesNothing(t *testing.T) {
	change := func(name string, f func(s *section)) []byte {
		all := sections(t, fullRecord(t))
		i := slices.IndexFunc(all, func(s section) bool { return s.name == name })
		f(&all[i])
		return recordOf(all)
	}
	var many timerStates
	for i := range uint64(MaxTimers + 1) {
		many.all = append(many.all, timerState{name: "tick", key: i, left: 1})
	}
	twice := timerStates{[]timerState{{name: "tick", left: 1}, {name: "tick", left: 2}}}
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"no record":        {[]byte("x"), "record of"},
		"properties":       {change("properties", func(s *section) { s.body = s.body[:3] }), "section properties"},
		"the last section": {change("asks", func(s *section) { s.body = s.body[:3] }), "section asks"},
		"a newer version":  {change("asks", func(s *section) { s.version++ }), "section asks has version 2, of a newer build"},
		"too many timers":  {change("timers", func(s *section) { s.body = wire.Append(nil, &many) }), "one too many"},
		"a timer twice":    {change("timers", func(s *section) { s.body = wire.Append(nil, &twice) }), "one too many"},
		"no place": {change("place", func(s *section) {
			s.body = wire.Append(nil, &placeState{at: geom.Vec3{X: math.NaN()}})
		}), "no place"},
	} {
		l := newLab(t, false)
		l.do(func(env *node.Env) {
			_, err := l.world.Make(env, string(puppets), Birth{Incarnation: 1, Data: c.data})
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "entity: record of ") {
				t.Errorf("%s: error %v does not say %q", name, err, c.says)
			}
		})
		l.wait(time.Hour)
		l.happened()
		l.nothingLeft(0)
		if len(l.live) > 0 {
			t.Errorf("%s: living are %v", name, l.live)
		}
	}
}

// What is over the bound is not written; the entity goes on and is tried again when it changes.
func TestARecordOverItsBoundIsNotWritten(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.record(p)
	l.code(func(c *Call) { p.Bag.Set("big", make([]byte, MaxRecord)) })
	l.hooks, l.stale = nil, nil
	if data := l.record(p); data != nil || len(l.logs) != 1 || len(l.hooks) != 0 {
		t.Errorf("a record of %d bytes, logs %q, hooks %v", len(data), l.logs, l.hooks)
	}
	l.code(func(c *Call) { p.Gold.Set(1) })
	if len(l.stale) != 1 {
		t.Errorf("it is tried again %v", l.stale)
	}
	l.code(func(c *Call) { p.Bag.Set("big", make([]byte, MaxRecord/2)) })
	if data := l.record(p); len(data) < MaxRecord/2 || len(data) > MaxRecord {
		t.Errorf("a record of %d bytes", len(data))
	}
	l.code(func(c *Call) {
		p.Bag.Set("big", make([]byte, MaxRecord))
		c.Destroy(p)
	})
	if left := l.left[l.resident(p)]; left.Data != nil || left.Deleted || left.Panicked {
		t.Errorf("left are %d bytes", len(left.Data))
	}
}

// Whatever a record's bytes are, they make an entity or none, and the entity can be saved.
func FuzzRecord(f *testing.F) {
	f.Add(fullRecord(f))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if data == nil {
			data = []byte{}
		}
		l := newLab(t, false)
		l.do(func(env *node.Env) {
			r, err := l.world.Make(env, string(puppets), Birth{Incarnation: 1, Data: data})
			if err != nil {
				return
			}
			l.world.Wake(env, r)
			if again, _ := l.world.Record(env, r); len(again) == 0 && len(data) < MaxRecord/2 {
				t.Error("it has no record")
			}
			l.world.Unload(env, r)
		})
		l.nothingLeft(0)
	})
}
