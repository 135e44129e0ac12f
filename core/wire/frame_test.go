package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The layout of frames is fixed: other implementations depend on it.
func TestFrameLayout(t *testing.T) {
	got := AppendFrame(nil, 0x1234, 0x56, []uint64{1, 1 << 63}, []byte("payload"))
	want := "1d000000" + "3412" + "56" + "020000" + "0100000000000000" + "0000000000000080" + hex.EncodeToString([]byte("payload"))
	if hex.EncodeToString(got) != want {
		t.Errorf("%x, want %s", got, want)
	}
}

func TestFramesAreSplitAsTheyWereJoined(t *testing.T) {
	type frame struct {
		typ     uint16
		flags   uint8
		routes  []uint64
		payload []byte
	}
	one := rapid.Custom(func(t *rapid.T) frame {
		return frame{
			rapid.Uint16().Draw(t, "type"), rapid.Uint8().Draw(t, "flags"),
			rapid.SliceOf(rapid.Uint64()).Draw(t, "routes"), rapid.SliceOf(rapid.Byte()).Draw(t, "payload"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		frames := rapid.SliceOf(one).Draw(t, "frames")
		var b []byte
		for _, f := range frames {
			b = AppendFrame(b, f.typ, f.flags, f.routes, f.payload)
		}
		rest := b
		for _, want := range frames {
			var f Frame
			var err error
			if f, rest, err = Split(rest); err != nil {
				t.Fatal(err)
			}
			if f.Type != want.typ || f.Flags != want.flags || f.NumRoutes() != len(want.routes) || !bytes.Equal(f.Payload, want.payload) {
				t.Fatalf("got %+v, want %+v", f, want)
			}
			for i, r := range want.routes {
				if f.Route(i) != r {
					t.Fatalf("route %d is %d, want %d", i, f.Route(i), r)
				}
			}
		}
		if len(rest) != 0 {
			t.Fatalf("%d bytes are left", len(rest))
		}
	})
}

// However a stream is cut, Whole finds exactly the frames that are there.
func TestWholeFrames(t *testing.T) {
	one := AppendFrame(nil, 16, 0, []uint64{7}, []byte("one"))
	both := AppendFrame(bytes.Clone(one), 17, 0, nil, nil)
	for n := range len(both) + 1 {
		want := 0
		if n >= len(one) {
			want = len(one)
		}
		if n == len(both) {
			want = n
		}
		if got, err := Whole(both[:n]); got != want || err != nil {
			t.Errorf("of %d bytes %d are whole frames, %v", n, got, err)
		}
		if _, rest, err := Split(both[:n]); n < len(one) && (err != ErrTruncated || len(rest) != n) {
			t.Errorf("of %d bytes a frame was split: %v", n, err)
		}
	}
	if got, err := Whole(append(bytes.Clone(one), 0, 0, 0, 0)); got != len(one) || !errors.Is(err, ErrBadFrame) {
		t.Errorf("%d, %v", got, err)
	}
}

func TestSplitRefuses(t *testing.T) {
	for _, test := range []struct {
		name, in string
		is       error
		text     string
	}{
		{"half a length", "000000", ErrTruncated, "wire: frame is not complete"},
		{"half a frame", "0a000000" + "1000000000", ErrTruncated, "wire: frame is not complete"},
		{"oversize", "801d2c04", ErrOversize, "wire: frame of 70000000 bytes is over the limit of 33554432"},
		{"the largest number", "ffffffff", ErrOversize, "wire: frame of 4294967295 bytes is over the limit of 33554432"},
		{"no header", "05000000" + "1000000000", ErrBadFrame, "wire: frame is malformed: 5 bytes hold no header of 6"},
		{"routes over the frame", "0a000000" + "10000001000000000000", ErrBadFrame,
			"wire: frame is malformed: a routing header of 8 bytes in a frame of 10"},
		{"routes over the limit", "06000000" + "100000ffffff", ErrBadFrame,
			"wire: frame is malformed: a routing header of 134217720 bytes in a frame of 6"},
	} {
		in := unhex(t, test.in)
		f, rest, err := Split(in)
		if !errors.Is(err, test.is) || err.Error() != test.text || !bytes.Equal(rest, in) || f.Payload != nil {
			t.Errorf("%s: %v, %d bytes are left", test.name, err, len(rest))
		}
		for _, other := range []error{ErrTruncated, ErrOversize, ErrBadFrame} {
			if other != test.is && errors.Is(err, other) {
				t.Errorf("%s is also %v", test.name, other)
			}
		}
	}
}

func TestFramesOverTheLimitsPanic(t *testing.T) {
	limit := make([]byte, MaxFrame-headerSize)
	if f, _, err := Split(AppendFrame(nil, 16, 0, nil, limit)); err != nil || len(f.Payload) != len(limit) {
		t.Errorf("a frame at the limit: %v", err)
	}
	for name, write := range map[string]func(){
		"wire: frame of 33554433 bytes is over the limit of 33554432":             func() { AppendFrame(nil, 16, 0, nil, append(limit, 0)) },
		"wire: routing header of 131073 destinations is over the limit of 131072": func() { AppendFrame(nil, 16, 0, make([]uint64, MaxRoutes+1), nil) },
	} {
		func() {
			defer func() {
				if got := recover(); got != name {
					t.Errorf("panics with %v, want %q", got, name)
				}
			}()
			write()
		}()
	}
}

// Views end where they end: appending to one never writes into the next frame.
func TestViewsOfAFrameHaveNoRoom(t *testing.T) {
	b := AppendFrame(AppendFrame(nil, 16, 0, []uint64{1}, []byte("one")), 17, 0, nil, []byte("two"))
	whole := string(b)
	f, _, err := Split(b)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(f.Routes, "overwritten"...)
	_ = append(f.Payload, "overwritten"...)
	if string(b) != whole || strings.Contains(string(b), "over") {
		t.Error("appending to a view wrote into the frame")
	}
}
