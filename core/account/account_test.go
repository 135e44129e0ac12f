package account

import (
	"bytes"
	"errors"
	"testing"

	"messiah/core/wire"
)

func record(t *testing.T, name, password string, salt byte) *Record {
	t.Helper()
	var r Record
	if err := r.SetPassword(name, password, bytes.Repeat([]byte{salt}, SaltSize), CheapCost()); err != nil {
		t.Fatal(err)
	}
	return &r
}

func TestOnlyTheRightPasswordMatches(t *testing.T) {
	r := record(t, "ann", "correct horse", 1)
	for _, tt := range []struct {
		name, password string
		want           bool
	}{
		{"ann", "correct horse", true},
		{"ann", "correct horsf", false},
		{"ann", "", false},
		{"bob", "correct horse", false}, // one password of two accounts is two digests
	} {
		if d := Digest(tt.name, tt.password); r.Matches(d[:]) != tt.want {
			t.Errorf("%s with %q: %v", tt.name, tt.password, !tt.want)
		}
	}
}

// Two accounts with one password do not show it.
func TestSaltsPartEqualPasswords(t *testing.T) {
	a, b := record(t, "ann", "correct horse", 1), record(t, "ann", "correct horse", 2)
	if bytes.Equal(a.Hash, b.Hash) {
		t.Error("two salts, one hash")
	}
	if again := record(t, "ann", "correct horse", 1); !bytes.Equal(a.Hash, again.Hash) {
		t.Error("one salt, two hashes")
	}
	if bytes.Contains(wire.Append(nil, a), []byte("horse")) {
		t.Error("the record has the password in it")
	}
}

func TestRecordComesBackAsItWas(t *testing.T) {
	r := record(t, "ann", "correct horse", 1)
	r.Until, r.Reason = Forever, "gold selling"
	var back Record
	if err := wire.Decode(wire.Append(nil, r), &back); err != nil {
		t.Fatal(err)
	}
	d := Digest("ann", "correct horse")
	if !back.Matches(d[:]) || back.Until != Forever || back.Reason != r.Reason {
		t.Errorf("%+v came back as %+v", r, back)
	}
}

// A damaged record must not have its reader allocate what it says.
func TestCostOutOfBoundsIsRefused(t *testing.T) {
	for _, c := range []Cost{
		{Memory: 1 << 31, Passes: 1, Threads: 1}, {Memory: 8, Passes: 0, Threads: 1},
		{Memory: 8, Passes: 1 << 20, Threads: 1}, {Memory: 8, Passes: 1, Threads: 0}, {Memory: 8, Passes: 1, Threads: 2},
	} {
		if err := c.Check(); !errors.Is(err, ErrCost) {
			t.Errorf("%+v: %v", c, err)
		}
		var r Record
		if err := r.SetPassword("ann", "correct horse", make([]byte, SaltSize), c); !errors.Is(err, ErrCost) {
			t.Errorf("%+v sets a password: %v", c, err)
		}
		if err := wire.Decode(wire.Append(nil, &Record{Cost: c}), &r); err == nil {
			t.Errorf("%+v was read", c)
		}
		if r := (Record{Cost: c, Hash: make([]byte, hashSize)}); r.Matches(nil) {
			t.Errorf("%+v matches", c)
		}
	}
	if err := DefaultCost().Check(); err != nil {
		t.Error(err)
	}
}

func TestBlockEnds(t *testing.T) {
	r := Record{Until: 100}
	if !r.Blocked(99) || r.Blocked(100) || (&Record{}).Blocked(99) || !(&Record{Until: Forever}).Blocked(1<<62) {
		t.Error("a block lasts until its end, and no longer")
	}
}

func BenchmarkMatches(b *testing.B) {
	for name, cost := range map[string]Cost{"default": DefaultCost(), "cheap": CheapCost()} {
		b.Run(name, func(b *testing.B) {
			var r Record
			if err := r.SetPassword("ann", "correct horse", make([]byte, SaltSize), cost); err != nil {
				b.Fatal(err)
			}
			d := Digest("ann", "correct horse")
			for b.Loop() {
				r.Matches(d[:])
			}
		})
	}
}
