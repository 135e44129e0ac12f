package cluster

import (
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"messiah/prod/config"
)

// benched starts a cluster of one gate and two games over real sockets.
func benched(b *testing.B, t Title) *Whole {
	b.Helper()
	c := config.Default()
	c.State = filepath.Join(b.TempDir(), "state")
	c.SetGates(1)
	c.SetGames(2)
	c.Manager.Listen, c.DB.Listen = freeAddr(b), "127.0.0.1:0"
	for i := range c.Games {
		c.Games[i].Listen = "127.0.0.1:0"
	}
	c.Gates[0].Clients = []string{"tcp://127.0.0.1:0"}
	s, err := Open(c, t, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		b.Fatal(err)
	}
	w, err := s.StartWhole()
	if err != nil {
		b.Fatal(err)
	}
	return w
}

// reportTrips reports how long trips took, and how many there were a second.
func reportTrips(b *testing.B, trips []time.Duration, rate string) {
	b.Helper()
	slices.Sort(trips)
	b.ReportMetric(float64(trips[len(trips)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(trips[len(trips)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), rate)
}
