package choice

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func decisions(t *rapid.T) []Decision {
	names := rapid.OneOf(rapid.SampledFrom([]string{"link", "fault", "", "#", "@1", `"`}), rapid.StringN(0, 20, 80),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 20), func(b []byte) string { return string(b) }))
	list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Decision {
		n := rapid.IntRange(1, 1<<31-1).Draw(t, "n")
		return Decision{
			Purpose: names.Draw(t, "purpose"),
			ID:      rapid.Uint64().Draw(t, "id"),
			Index:   rapid.Uint64().Draw(t, "index"),
			Label:   names.Draw(t, "label"),
			N:       n,
			Value:   rapid.IntRange(0, n-1).Draw(t, "value"),
		}
	}), 0, 30).Draw(t, "decisions")
	seen := map[place]bool{}
	return slices.DeleteFunc(list, func(d Decision) bool {
		at := place{stream{d.Purpose, d.ID}, d.Index}
		again := seen[at]
		seen[at] = true
		return again
	})
}

func TestDecisionsComeBackFromText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := decisions(t)
		var text bytes.Buffer
		if err := WriteDecisions(&text, want); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(text.String(), "\n"); lines != len(want) {
			t.Fatalf("%d lines for %d decisions:\n%s", lines, len(want), text.String())
		}
		got, err := ReadDecisions(&text)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("read\n%+v, wrote\n%+v", got, want)
		}
	})
}

func TestDecisionText(t *testing.T) {
	list := []Decision{{"link", 3, 17, "latency", 64, 40}, {"fault.gate-1", 1<<64 - 1, 0, "lost answer\n", 2, 1}}
	const want = "link 3 @17 latency 40/64\nfault.gate-1 18446744073709551615 @0 \"lost answer\\n\" 1/2\n"
	var text bytes.Buffer
	if err := WriteDecisions(&text, list); err != nil || text.String() != want {
		t.Fatalf("wrote %q, %v, want %q", text.String(), err, want)
	}
	const edited = "# why this fails\r\n\n  link\t3  @17 latency 40/64  \r\n"
	if got, err := ReadDecisions(strings.NewReader(edited)); err != nil || !slices.Equal(got, list[:1]) {
		t.Fatalf("read %v, %v", got, err)
	}
}

func TestTextErrorsNameTheLine(t *testing.T) {
	const good = "# head\nlink 3 @17 latency 40/64\n"
	for line, want := range map[string]string{
		"link 3 @17 order 1/2":                     "line 3 decides again what line 2 does",
		"link 3 @18 latency":                       "line 3: want: purpose id @index label value/n",
		"link":                                     "line 3: want: purpose id @index label value/n",
		"link 3 18 latency 40/64":                  "line 3: want: purpose id @index label value/n",
		"link 3 @18 latency 40":                    "line 3: want: purpose id @index label value/n",
		"link -3 @18 latency 40/64":                `line 3: strconv.ParseUint: parsing "-3": invalid syntax`,
		"link 3 @x latency 40/64":                  `line 3: strconv.ParseUint: parsing "x": invalid syntax`,
		"link 3 @18 latency 64/64":                 "line 3: value 64 is not one of 64 choices",
		"link 3 @18 latency -1/64":                 "line 3: value -1 is not one of 64 choices",
		"link 3 @18 latency 0/0":                   "line 3: value 0 is not one of 0 choices",
		"link 3 @18 latency 1/2 more":              `line 3: "more" follows the decision`,
		`"link 3 @18 latency 1/2`:                  `line 3: no end of the quotes in "link 3 @18 latency 1/2`,
		`"link"3 @18 latency 1/2`:                  `line 3: no space behind "link"`,
		"l(i)nk 3 @18 latency 1/2":                 "line 3: name l(i)nk needs quotes",
		"link 3 @18 \xff 1/2":                      "line 3: name \xff needs quotes",
		strings.Repeat("x", 2*maxLine):             "line 3 is longer than 4096 bytes",
		"link 3 @99999999999999999999 latency 1/2": `line 3: strconv.ParseUint: parsing "99999999999999999999": value out of range`,
	} {
		_, err := ReadDecisions(strings.NewReader(good + line + "\n"))
		if err == nil || err.Error() != "choice: "+want {
			t.Errorf("%.60q: error is %v, want choice: %s", line, err, want)
		}
	}
}

func TestDecisionsThatCannotBeReadAreNotWritten(t *testing.T) {
	for _, d := range []Decision{
		{"link", 1, 0, "latency", 0, 0}, {"link", 1, 0, "latency", 2, 2}, {"link", 1, 0, "latency", 2, -1},
		{strings.Repeat("x", maxName+1), 1, 0, "latency", 2, 1}, {"link", 1, 0, strings.Repeat("x", maxName+1), 2, 1},
	} {
		if err := WriteDecisions(&bytes.Buffer{}, []Decision{d}); err == nil {
			t.Errorf("%.60v is written", d)
		}
	}
	if err := WriteDecisions(&bytes.Buffer{}, make([]Decision, MaxDecisions+1)); err == nil {
		t.Errorf("more than %d decisions are written", MaxDecisions)
	}
}

// The longest names at their longest quotation are read as well.
func TestLongestDecisionIsRead(t *testing.T) {
	for _, unit := range []string{"x", "\x00", "\xff", "\u0101", "\uffff", "\U0010ffff"} {
		long := strings.Repeat(unit, maxName/len(unit))
		want := []Decision{{long, 1<<64 - 1, 1<<64 - 1, long, 1<<31 - 1, 1<<31 - 2}, {"link", 1, 0, "latency", 2, 1}}
		var text bytes.Buffer
		if err := WriteDecisions(&text, want); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadDecisions(&text); err != nil || !slices.Equal(got, want) {
			t.Errorf("names of %q: read %d decisions, %v", unit, len(got), err)
		}
	}
}

func FuzzReadDecisions(f *testing.F) {
	for _, seed := range []string{
		"", "# head\n\nlink 3 @17 latency 40/64\n", "\"a b\" 1 @0 \"\\xff\" 1/2\r\nlink 1 @0 x 0/1",
		"link 3 @18 latency 64/64\n", "\"link 3 @18 latency 1/2\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ReadDecisions(bytes.NewReader(b))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "choice: line ") {
				t.Fatalf("error %q names no line", err)
			}
			return
		}
		var text bytes.Buffer
		if err := WriteDecisions(&text, list); err != nil {
			t.Fatalf("what was read is not written: %v", err)
		}
		again, err := ReadDecisions(&text)
		if err != nil || !slices.Equal(again, list) {
			t.Fatalf("read %+v again as %+v, %v", list, again, err)
		}
		replay := Replay(list)
		for _, d := range list {
			_ = replay.Stream(d.Purpose, d.ID)
		}
		if replay.Unreached() != len(list) {
			t.Fatalf("%d of %d decisions are unreached before any draw", replay.Unreached(), len(list))
		}
	})
}
