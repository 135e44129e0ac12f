package bots

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Histogram counts durations in buckets that are at most 1/64 wide of their
// value, as HdrHistogram does: 64 equal steps to each power of two. One
// goroutine adds, any may read, and nothing is allocated.
type Histogram struct {
	counts [histogramBuckets]atomic.Uint32
	most   atomic.Int64
}

const (
	histogramStep    = 6                                                    // log2 of the steps to a power of two
	histogramOctaves = 30                                                   // from 64 ns to over a minute
	histogramBuckets = (histogramOctaves + 1) << histogramStep              // what is longer counts in the last
	histogramLongest = (1<<(histogramStep+1) - 1) << (histogramOctaves - 1) // nanoseconds
)

// Add counts one duration.
func (h *Histogram) Add(d time.Duration) {
	h.counts[bucketOf(d)].Add(1)
	if int64(d) > h.most.Load() {
		h.most.Store(int64(d))
	}
}

// Reset forgets everything.
func (h *Histogram) Reset() {
	for i := range h.counts {
		h.counts[i].Store(0)
	}
	h.most.Store(0)
}

func bucketOf(d time.Duration) int {
	n := min(max(int64(d), 0), histogramLongest)
	shift := max(bits.Len64(uint64(n))-histogramStep-1, 0)
	return shift<<histogramStep + int(n>>shift)
}

// bucketTop is the longest duration that counts in a bucket.
func bucketTop(i int) time.Duration {
	shift := max(i>>histogramStep-1, 0)
	return time.Duration((int64(i-shift<<histogramStep)+1)<<shift - 1)
}

// Percentiles is the sum of several histograms as it is now.
type Percentiles struct {
	counts [histogramBuckets]uint64
	total  uint64
	most   time.Duration
}

// Take adds what a histogram holds.
func (p *Percentiles) Take(h *Histogram) {
	for i := range h.counts {
		n := uint64(h.counts[i].Load())
		p.counts[i] += n
		p.total += n
	}
	p.most = max(p.most, time.Duration(h.most.Load()))
}

// Total returns how many durations were counted.
func (p *Percentiles) Total() uint64 { return p.total }

// Most returns the longest duration, exactly.
func (p *Percentiles) Most() time.Duration { return p.most }

// At returns the duration that a share of all, from 0 to 1, does not exceed; 0 where nothing was counted.
func (p *Percentiles) At(share float64) time.Duration {
	if p.total == 0 {
		return 0
	}
	rank := max(uint64(share*float64(p.total)+0.999999), 1)
	for i, n := range p.counts {
		if n >= rank {
			return min(bucketTop(i), p.most)
		}
		rank -= n
	}
	return p.most
}
