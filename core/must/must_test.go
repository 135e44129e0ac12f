package must

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

type id uint32

func (i id) String() string { return fmt.Sprintf("node%d", uint32(i)) }

type peer struct {
	ID  id
	inc uint64
}

func TestTrueSaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name   string
		format string
		args   []any
		want   string
	}{
		{"no argument", "node: the queue is empty", nil, "node: the queue is empty"},
		{"numbers", "time went back from %d to %d", []any{int64(1 << 40), uint16(7)}, "time went back from 1099511627776 to 7"},
		{"a name", "no link to %v (%d)", []any{id(3), id(3)}, "no link to node3 (3)"},
		{"a string", "%s and %q", []any{"a", "b"}, `a and "b"`},
		{"truth and fraction", "%v %v", []any{true, 0.5}, "true 0.5"},
		{"an error", "no cipher: %v", []any{errors.New("bad key")}, "no cipher: bad key"},
		{"no error", "no cipher: %v", []any{nil}, "no cipher: <nil>"},
		{"a struct", "who is %v", []any{peer{7, 9}}, "who is 7 9"},
		{"a pointer", "who is %v", []any{&peer{7, 9}}, "who is 7 9"},
		{"bytes", "key %v", []any{[]byte{1, 2}}, "key 1 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			True(true, test.format, test.args...)
			if got := panicOf(func() { True(false, test.format, test.args...) }); got != test.want {
				t.Errorf("panics with %q, not %q", got, test.want)
			}
		})
	}
}

func TestComparisonsSayBothValues(t *testing.T) {
	Equal(id(1), id(1), "owner")
	AtLeast(2, 2, "version")
	if got := panicOf(func() { Equal(id(1), id(2), "owner") }); got != "owner: got node1, must be node2" {
		t.Error(got)
	}
	if got := panicOf(func() { AtLeast(1, 2, "version") }); got != "version: got 1, must be at least 2" {
		t.Error(got)
	}
	if got := panicOf(func() { AtLeast(math.NaN(), 0, "speed") }); got != "speed: got NaN, must be at least 0" {
		t.Error(got)
	}
}

func TestAnInvariantThatHoldsAllocatesNothing(t *testing.T) {
	now, then, who, err := int64(1<<40), int64(1<<39), peer{1, 2}, errors.New("none")
	got := testing.AllocsPerRun(100, func() {
		now++
		True(now > then, "time went back from %d to %d for %v: %v", then, now, who, err)
		Equal(who.inc, 2, "incarnation")
		AtLeast(now, then, "time")
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkTrue(b *testing.B) {
	now, then := int64(1<<40), int64(1<<39)
	b.ReportAllocs()
	for b.Loop() {
		now++
		True(now > then, "time went back from %d to %d", then, now)
	}
}

// panicOf returns what a function panics with, or nil.
func panicOf(f func()) (got any) {
	defer func() { got = recover() }()
	f()
	return nil
}
