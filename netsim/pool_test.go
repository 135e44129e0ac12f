package netsim

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestBufferClasses(t *testing.T) {
	for _, c := range []struct{ size, class int }{
		{0, -1}, {1, 0}, {64, 0}, {65, 1}, {128, 1}, {129, 2}, {1 << 20, classes - 1}, {1<<20 + 1, -1},
	} {
		if got := classOf(c.size); got != c.class {
			t.Errorf("classOf(%d) = %d, want %d", c.size, got, c.class)
		}
	}
}

// Items that are out at the same time have their own places and bytes, and the counts are true.
func TestPoolSharesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p pool
		out := map[int32][]byte{}
		var order []int32
		fill := byte(0)
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				fill++
				b := bytes.Repeat([]byte{fill}, rapid.SampledFrom([]int{0, 1, 63, 64, 65, 1000, 1<<20 + 1}).Draw(t, "size"))
				i := p.take(itemData, b)
				if _, twice := out[i]; twice || i == 0 {
					t.Fatalf("item %d is out twice", i)
				}
				if it := &p.items[i]; it.pass || it.link != nil || it.cause != 0 || it.at != 0 {
					t.Fatalf("item %d begins as %+v", i, *it)
				}
				p.items[i].pass, p.items[i].cause, p.items[i].at, p.items[i].link = true, 1, 1, &Link{}
				out[i], order = b, append(order, i)
			},
			"give": func(t *rapid.T) {
				if len(order) == 0 {
					t.Skip("nothing is out")
				}
				at := rapid.IntRange(0, len(order)-1).Draw(t, "which")
				i := order[at]
				order = append(order[:at], order[at+1:]...)
				p.give(i)
				delete(out, i)
			},
			"": func(t *rapid.T) {
				total := 0
				for i, want := range out {
					total += len(want)
					if !bytes.Equal(p.items[i].buf, want) || p.items[i].kind != itemData || p.items[i].next != 0 {
						t.Fatalf("item %d of %d bytes has changed", i, len(want))
					}
				}
				if p.live != len(out) || p.bytes != total {
					t.Fatalf("%d items of %d bytes are out, the pool says %d of %d", len(out), total, p.live, p.bytes)
				}
			},
		})
	})
}
