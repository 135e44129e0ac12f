package wire

import (
	"bytes"
	"testing"
)

// FuzzLoadState reads bytes as a state. One that is taken is written canonically:
// these bytes are taken as well, and written as they are.
func FuzzLoadState(f *testing.F) {
	full := counter{map[string]uint64{"a": 1, "b": 1 << 40}, []string{"a", "b"}, 7}
	f.Add(AppendState(nil, full.State))
	f.Add(AppendState(nil, new(counter).State))
	f.Add([]byte{0x93, 0xc0, 0xc0, 0x30}) // taken, though it is not how we write it
	for _, test := range hostile {
		if b := unhex(f, test.in); len(b) < 1<<12 {
			f.Add(b)
			f.Add(append([]byte{0x93}, b...))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var s counter
		if LoadState(b, s.State) != nil {
			return
		}
		first := AppendState(nil, s.State)
		var again counter
		if err := LoadState(first, again.State); err != nil {
			t.Fatalf("%x was taken, and %x, as it is written, is not: %v", b, first, err)
		}
		if second := AppendState(nil, again.State); !bytes.Equal(first, second) {
			t.Fatalf("written as %x, then as %x", first, second)
		}
	})
}
