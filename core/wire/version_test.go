package wire

import "testing"

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

func TestVersionReadsAsItWasWritten(t *testing.T) {
	want := Version{ProtoMin: 1, ProtoMax: 2, Schema: 300, Digest: 1 << 63}
	var got Version
	if err := Decode(Append(nil, &want), &got); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}
