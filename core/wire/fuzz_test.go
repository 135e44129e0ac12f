package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

func FuzzValidate(f *testing.F) {
	for _, test := range hostile {
		if b := unhex(f, test.in); len(b) < 1<<12 {
			f.Add(b)
		}
	}
	f.Add(Append(nil, &record{Text: "text", Map: map[string]int64{"a": 1, "b": -1}, List: make([]point, 20)}))
	f.Fuzz(func(t *testing.T, b []byte) { checkValidate(t, b) })
}

// What Decode accepts it can write again, and that reads as the same bytes for ever after.
func FuzzDecode(f *testing.F) {
	for _, test := range hostile {
		if b := unhex(f, test.in); len(b) < 1<<12 {
			f.Add(b)
			f.Add(append([]byte{0x91}, b...))
		}
	}
	f.Add(Append(nil, &record{Text: "text", Map: map[string]int64{"a": 1, "b": -1}, List: make([]point, 20)}))
	f.Add(Append(nil, &pathV2{Way: make([]pointV2, 3), Named: map[string]pointV2{"a": {More: []any{1, "x"}}}}))
	f.Add(Append(nil, &tree{[]tree{{}, {[]tree{{}}}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkDecode[record](t, b)
		checkDecode[pathV1](t, b)
		checkDecode[pathV2](t, b)
		checkDecode[tree](t, b)
		checkDecode[Version](t, b)
		if body, err := DecodeBytes(b); err == nil && len(body) > len(b) {
			t.Error("bytes out of nothing")
		}
	})
}

func checkDecode[M any, P interface {
	*M
	Message
}](t *testing.T, b []byte) {
	input := bytes.Clone(b)
	var m, again M
	err := Decode(b, P(&m))
	if !bytes.Equal(b, input) {
		t.Fatal("reading changed the input")
	}
	if err != nil {
		return
	}
	first := Append(nil, P(&m))
	if err := Decode(first, P(&again)); err != nil {
		t.Fatalf("%x was read, written as %x, and not read again: %v", b, first, err)
	}
	if second := Append(nil, P(&again)); !bytes.Equal(first, second) {
		t.Fatalf("written as %x, then as %x", first, second)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(AppendFrame(nil, 16, 3, []uint64{1, 2}, []byte("payload")))
	f.Add(AppendFrame(AppendFrame(nil, 1, 0, nil, nil), 2, 0, nil, []byte{0}))
	f.Add([]byte{0x80, 0x1d, 0x2c, 4})
	f.Add([]byte{5, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{6, 0, 0, 0, 0, 0, 0, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, rest, err := Split(b)
		whole, wholeErr := Whole(b)
		if err != nil {
			if len(rest) != len(b) || frame.Payload != nil {
				t.Fatal("a frame was split in spite of an error")
			}
			if errors.Is(err, ErrTruncated) && (whole != 0 || wholeErr != nil) {
				t.Fatalf("truncated, and %d bytes are whole: %v", whole, wholeErr)
			}
			if errors.Is(err, ErrOversize) && wholeErr == nil {
				t.Fatal("Whole waits for a frame that is over the limit")
			}
			return
		}
		used := len(b) - len(rest)
		if whole < used {
			t.Fatalf("a frame of %d bytes, and %d are whole", used, whole)
		}
		routes := make([]uint64, frame.NumRoutes())
		for i := range routes {
			routes[i] = binary.LittleEndian.Uint64(frame.Routes[8*i:])
		}
		if again := AppendFrame(nil, frame.Type, frame.Flags, routes, frame.Payload); !bytes.Equal(again, b[:used]) {
			t.Fatalf("%x was split and is joined as %x", b[:used], again)
		}
	})
}
