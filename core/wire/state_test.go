package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// counter is a node's state in small: a map, a list, a number.
type counter struct {
	seen  map[string]uint64
	order []string
	total uint64
}

func (s *counter) State(c *Coder) {
	Map(c, &s.seen, (*Coder).String, (*Coder).Uint64)
	Slice(c, &s.order, (*Coder).String)
	c.Uint64(&s.total)
}

func TestEqualStatesAreEqualBytes(t *testing.T) {
	forth, back := counter{seen: map[string]uint64{}}, counter{seen: map[string]uint64{}}
	names := strings.Fields("a b c d e f g h i j k l m n o p q r s t u v w x y z")
	for i, name := range names {
		forth.seen[name] = uint64(i)
	}
	for i := range names {
		i = len(names) - 1 - i
		back.seen[names[i]] = uint64(i)
	}
	forth.order = []string{}
	a := AppendState([]byte("x"), forth.State)
	if b := AppendState([]byte("x"), back.State); !bytes.Equal(a, b) {
		t.Errorf("%x and %x", a, b)
	}
	var got counter
	if err := LoadState(a[1:], got.State); err != nil {
		t.Fatal(err)
	}
	if b := AppendState([]byte("x"), got.State); !bytes.Equal(a, b) {
		t.Errorf("read back as %x", b)
	}
}

func TestAStateOfAnotherBuildIsRefused(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"a field too few", "\x92\x80\x90", "wire: a field is missing"},
		{"a field too many", "\x94\x80\x90\x01\x02", "wire: at byte 4: the state has 1 fields more than this build knows"},
		{"a map out of order", "\x93\x82\xa1b\x01\xa1a\x01\x90\x01", "wire: at byte 8: a key of a map is out of order"},
		{"bytes behind it", "\x93\x80\x90\x01\x00", "wire: 1 bytes behind the value"},
		{"nothing", "", "wire: at byte 0: the bytes end where a value must begin"},
	} {
		var s counter
		if err := LoadState([]byte(test.in), s.State); err == nil || err.Error() != test.want {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

// A message inside a state is read by the state's rules.
func TestAMessageInAStateIsReadStrictly(t *testing.T) {
	var p point
	if err := LoadState([]byte("\x91\x91\x01"), func(c *Coder) { c.Struct(&p) }); !errors.Is(err, errCut) {
		t.Error(err)
	}
}

func TestCoderTellsItsDirection(t *testing.T) {
	AppendState(nil, func(c *Coder) {
		if c.Decoding() || c.Err() != nil {
			t.Error("writing looks like reading")
		}
	})
	fail := errors.New("no")
	err := LoadState([]byte("\x91\x07"), func(c *Coder) {
		var n, m uint8 = 1, 1
		c.Uint8(&n)
		if !c.Decoding() || c.Err() != nil || n != 7 {
			t.Error("reading looks like writing")
		}
		c.Fail(fail)
		c.Fail(errors.New("later"))
		c.Uint8(&m)
		if c.Err() != fail || m != 0 {
			t.Errorf("after a failure: %v, %d", c.Err(), m)
		}
	})
	if err != fail {
		t.Error(err)
	}
}
