package stores

import (
	"fmt"
	"path/filepath"
	"testing"

	"messiah/core/proto"
)

// BenchmarkSaves writes records of 1 KiB with two index entries that are loaded all the
// while: one at a time, so that each has a write to the disk of its own, and with so
// many under way that those which wait share one. saves/s is the figure to compare.
func BenchmarkSaves(b *testing.B) {
	for _, kind := range []string{"bbolt", "postgres"} {
		for _, under := range []int{1, 16, 256, 4096} {
			b.Run(fmt.Sprintf("%s/%d", kind, under), func(b *testing.B) { benchmarkSaves(b, kind, under) })
		}
	}
}

func benchmarkSaves(b *testing.B, kind string, under int) {
	place := filepath.Join(b.TempDir(), "records")
	if kind == "postgres" {
		place = database(b)
	}
	p := opened(b, place)
	value := make([]byte, 1<<10)
	put := func(i, revision uint64) {
		p.say(&proto.StorePut{
			Num: i, Key: fmt.Sprintf("account:%d", i), Revision: revision, Class: "avatar", Value: value,
			Index: index("level", fmt.Sprint(i%50), "guild", fmt.Sprint(i%7)),
		})
	}
	for i := range under {
		put(uint64(i), 0)
	}
	for range under {
		p.hear()
	}
	revisions := make([]uint64, under)
	for i := range revisions {
		revisions[i] = 1
	}
	b.ResetTimer()
	sent := 0
	for i := 0; i < under && sent < b.N; i++ {
		put(uint64(i), revisions[i])
		sent++
	}
	for range b.N {
		did := p.hear().(*proto.StoreDid)
		if did.Failed || did.Conflict {
			b.Fatalf("%+v", did)
		}
		if revisions[did.Num] = did.Revision; sent < b.N {
			put(did.Num, did.Revision)
			sent++
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "saves/s")
}
