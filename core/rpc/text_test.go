package rpc

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTextIsReadBackEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := extended(t, Build(names().Draw(t, "old")), names().Draw(t, "names"))
		back, err := Parse(table.Text())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back.Text(), table.Text()) || back.Digest() != table.Digest() || back.Schema() != table.Schema() ||
			!reflect.DeepEqual(numbers(back), numbers(table)) || back.Room() != table.Room() {
			t.Fatalf("%s\nwas read as\n%s", table.Text(), back.Text())
		}
	})
}

const commented = `# of our game
messiah-rpc 1
schema 4
seed 0
# players shop here
1000 buy
1500 -sell
# no more
`

func TestCommentsStayWhereTheyStand(t *testing.T) {
	table, err := Parse([]byte(commented))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(table.Text()); got != commented {
		t.Errorf("%s", got)
	}
	next := extended(t, table, []string{"aim", "sell"})
	number, _ := next.Number("aim")
	lines := strings.Split(string(next.Text()), "\n")
	if lines[2] != "schema 5" || !strings.HasSuffix(lines[4], " aim") || lines[5] != "# players shop here" ||
		lines[6] != "1000 -buy" || lines[7] != "1500 sell" || lines[8] != "# no more" || number == 1000 || number == 1500 {
		t.Errorf("%q", lines)
	}
}

func TestLinesInAnyOrderAndAnyEndings(t *testing.T) {
	table, err := Parse([]byte("messiah-rpc 1\r\nschema 2\r\n\r\nseed 0\r\n1001 b\r\n1000 a\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(table.Text()), "messiah-rpc 1\nschema 2\nseed 0\n1000 a\n1001 b\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestBadTextsNameLineAndRemedy(t *testing.T) {
	const head = "messiah-rpc 1\nschema 1\nseed 0\n"
	for _, one := range []struct{ text, line, want string }{
		{"", "line 1:", "ends before its line `messiah-rpc N`: take it from the last commit"},
		{"messiah-rpc 1\nschema 1\n", "line 3:", "ends before its line `seed N`"},
		{"messiah-rpc 2\n", "line 1:", "edition 2, and this build reads 1: use a build as new"},
		{"schema 1\n", "line 1:", `"schema 1" where ` + "`messiah-rpc N` belongs"},
		{"messiah-rpc 1\nschema 4294967296\n", "line 2:", "N of 32 bits"},
		{"messiah-rpc 1\nschema 1\nseed -1\n", "line 3:", "N of 64 bits"},
		{head + "<<<<<<< ours\n", "line 4:", "is no `NNNN name`: remove the line, and run messiah rpcindex"},
		{head + "1000\n", "line 4:", "an empty name: remove the line"},
		{head + "1000 -\n", "line 4:", "an empty name"},
		{head + "1000 --a\n", "line 4:", "begins with '-'"},
		{head + "1000 two words\n", "line 4:", `"two words" has more than letters, digits, '-', '_' and '.' in it, at byte 3: remove`},
		{head + "1000 größe\n", "line 4:", "at byte 2"},
		{head + "1000 " + strings.Repeat("a", MaxName+1) + "\n", "line 4:", "129 bytes, more than 128"},
		{head + "999 a\n", "line 4:", "number 999 of a is not within 1000..9999: remove the line"},
		{head + "10000 a\n", "line 4:", "not within"},
		{head + "70000 a\n", "line 4:", "is no `NNNN name`"},
		{head + "1000 a\n1001 b\n# c\n1001 a\n", "line 7:", "name a has line 4 already: remove"},
		{head + "1000 a\n1001 -a\n", "line 5:", "name a has line 4 already"},
		{head + "1000 a\n1000 b\n", "line 5:", "b has number 1000, as line 4 has: remove the line that was committed later"},
		{head + "1000 a\n1000 -b\n", "line 5:", "as line 4 has"},
		{strings.Repeat("#\n", MaxText/2+1), "bytes", "remove comments"},
	} {
		_, err := Parse([]byte(one.text))
		if err == nil || !strings.HasPrefix(err.Error(), "rpc: ") || !strings.Contains(err.Error(), one.line) || !strings.Contains(err.Error(), one.want) {
			t.Errorf("%.60q: %v, want %s %s", one.text, err, one.line, one.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(commented))
	f.Add(Build(many(20)).Text())
	f.Add([]byte("messiah-rpc 1\nschema 4294967295\nseed 18446744073709551615\n9999 -a\n1000 A\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := Parse(text)
		if err != nil {
			return
		}
		if err := table.Prove(); err != nil {
			t.Fatal(err)
		}
		canonical := table.Text()
		back, err := Parse(canonical)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back.Text(), canonical) || back.Digest() != table.Digest() {
			t.Fatalf("%q was read as %q", canonical, back.Text())
		}
		if next, err := Extend(table, append(table.Names(), "one.more")); err == nil {
			if err := next.Prove(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
