package bots

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestABucketIsNarrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, histogramLongest).Draw(t, "duration"))
		top := bucketTop(bucketOf(d))
		if top < d || top-d > d/64 {
			t.Fatalf("%v counts as up to %v", d, top)
		}
	})
}

func TestBucketsFollowEachOther(t *testing.T) {
	for i := range histogramBuckets {
		if got := bucketOf(bucketTop(i)); got != i {
			t.Fatalf("the top of bucket %d, %v, counts in bucket %d", i, bucketTop(i), got)
		}
		if got := bucketOf(bucketTop(i) + 1); got != min(i+1, histogramBuckets-1) {
			t.Fatalf("what is over bucket %d counts in bucket %d", i, got)
		}
	}
}

func TestPercentilesAreThoseOfTheSortedList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var halves [2]Histogram
	var all []time.Duration
	for i := range 10_000 {
		d := time.Duration(random.ExpFloat64() * float64(3*time.Millisecond))
		halves[i%2].Add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	var p Percentiles
	p.Take(&halves[0])
	p.Take(&halves[1])
	for _, share := range []float64{0, 0.001, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[max(int(share*float64(len(all))+0.999999), 1)-1]
		if got := p.At(share); got < want || got-want > want/64 {
			t.Errorf("%v: %v, the list says %v", share, got, want)
		}
	}
	if p.Most() != all[len(all)-1] || p.Total() != uint64(len(all)) {
		t.Errorf("most %v, total %d", p.Most(), p.Total())
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	var h Histogram
	if n := testing.AllocsPerRun(100, func() { h.Add(time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
