package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestCompareNamesTheOlderSide(t *testing.T) {
	base := Version{ProtoMin: 3, ProtoMax: 5, Schema: 7, Digest: 9}
	with := func(change func(*Version)) Version {
		v := base
		change(&v)
		return v
	}
	for _, test := range []struct {
		name    string
		theirs  Version
		verdict Verdict
		older   Side
	}{
		{"the same", base, Equal, Neither},
		{"another range, same schema", with(func(v *Version) { v.ProtoMin, v.ProtoMax = 5, 9 }), Equal, Neither},
		{"newer schema", with(func(v *Version) { v.Schema, v.Digest = 8, 1 }), Compatible, First},
		{"newer schema, same names", with(func(v *Version) { v.Schema = 8 }), Compatible, First},
		{"older schema", with(func(v *Version) { v.Schema, v.Digest = 6, 1 }), Compatible, Second},
		{"other names, same number", with(func(v *Version) { v.Digest = 1 }), Compatible, Neither},
		{"protocols all newer", with(func(v *Version) { v.ProtoMin, v.ProtoMax = 6, 9 }), Refused, First},
		{"protocols all older", with(func(v *Version) { v.ProtoMin, v.ProtoMax = 1, 2 }), Refused, Second},
		{"no protocol at all", with(func(v *Version) { v.ProtoMin, v.ProtoMax = 5, 4 }), Refused, Second},
		{"nothing", Version{}, Refused, Second},
	} {
		if verdict, older := Compare(base, test.theirs); verdict != test.verdict || older != test.older {
			t.Errorf("%s: %v, older is %v", test.name, verdict, older)
		}
		if verdict, older := Compare(test.theirs, base); verdict != test.verdict || older != test.older.other() {
			t.Errorf("%s, the other way round: %v, older is %v", test.name, verdict, older)
		}
	}
}

func (s Side) other() Side {
	return map[Side]Side{Neither: Neither, First: Second, Second: First}[s]
}

func TestNamesOfVerdictsAndSides(t *testing.T) {
	for got, want := range map[string]string{
		Refused.String(): "refused", Compatible.String(): "compatible", Equal.String(): "equal", Verdict(9).String(): "verdict?",
		Neither.String(): "neither side", First.String(): "the side that answers", Second.String(): "the side that asks",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestDigestIsOfTheSetOfNames(t *testing.T) {
	if got := Digest([]string{"attack", "heal"}); got != 0x5482a912ecccefed {
		t.Errorf("digest is %#x: it must not change between builds", got)
	}
	distinct := map[uint64]int{}
	for i, names := range [][]string{nil, {""}, {"ab"}, {"a", "b"}, {"a"}, {"a", "bb"}, {"aa", "b"}, {"\x01a"}} {
		if other, known := distinct[Digest(names)]; known {
			t.Fatalf("lists %d and %d have one digest", i, other)
		}
		distinct[Digest(names)] = i
	}
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.String(), 1, -1).Draw(t, "names")
		mixed := append(rapid.Permutation(names).Draw(t, "mixed"), names[0])
		if Digest(names) != Digest(mixed) {
			t.Fatal("order or repetition changes the digest")
		}
	})
}

func TestVersionReadsAsItWasWritten(t *testing.T) {
	want := Version{ProtoMin: 1, ProtoMax: 2, Schema: 300, Digest: 1 << 63}
	var got Version
	if err := Decode(Append(nil, &want), &got); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}
