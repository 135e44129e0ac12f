package bots

import (
	"context"
	"time"

	"messiah/core/check"
)

// Report is the result of a measurement, as `messiah bots --json` prints it. A
// nil field is of a part that is not built yet.
type Report struct {
	Clients    int      `json:"clients"`
	Connected  int      `json:"connected"` // had their avatar at the end
	Refused    uint64   `json:"refused"`   // logins refused on the way in; each was tried again
	RTT        RTT      `json:"rtt_ms"`
	CallsPerS  float64  `json:"calls_per_second"` // answered
	MovesPerS  *float64 `json:"moves_per_second"`
	Migrations uint64   `json:"migrations"` // while measured
	Freeze     Freeze   `json:"migration_freeze_ms"`
	Errors     uint64   `json:"errors"` // calls whose sender was told that they failed or that their outcome is unknown
	Lost       uint64   `json:"lost"`
	Duplicated uint64   `json:"duplicated"`
	Reordered  uint64   `json:"reordered"`

	Corrections       uint64   `json:"corrections"` // of moves that were refused
	BytesPerNeighbour *float64 `json:"bytes_per_neighbour_update"`
	DownBitsPerS      float64  `json:"down_bits_per_second"` // to all clients, packet headers of the network aside

	Transport string   `json:"transport"`
	Seconds   float64  `json:"seconds"` // measured
	Calls     uint64   `json:"calls"`   // answered while measured
	Unknown   uint64   `json:"unknown"` // of errors: a crash hides whether the call ran
	Resumed   uint64   `json:"resumed"`
	Logins    uint64   `json:"logins"`
	Sessions  uint64   `json:"sessions_lost"` // ended under a bot, which logged in again
	Kicks     uint64   `json:"kicks"`
	Silence   float64  `json:"longest_silence_ms"` // between two answers to one client while measured
	Stored    uint64   `json:"stored_calls"`       // that avatars have said to be in the store
	Forgotten uint64   `json:"forgotten"`          // of lost: answers of avatars that remembered less than that
	Verified  bool     `json:"verified"`
	LoggedOut int      `json:"logged_out"`
	Faults    []string `json:"faults"`

	Travels *check.Travels `json:"travels"` // of the avatars that were there at the end; null where none travelled
}

// RTT is the distribution of round-trip times, in milliseconds.
type RTT struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Freeze is how long the call took that a migration held up longest, of each migration
// under which there was one, in milliseconds.
type Freeze struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Bounds of the phases before and after a measurement.
const (
	comeInWithin = 10 * time.Second // beyond what the login rate needs
	quietWithin  = 5 * time.Second
	leaveWithin  = 5 * time.Second
)

// Measure runs a whole measurement: the bots come in, call for so long, finish
// their calls and log out. A context that ends cuts the calling short. The
// progress function, if any, hears of each phase.
func Measure(ctx context.Context, cfg Config, length time.Duration, progress func(string)) (Report, error) {
	s, err := Start(cfg)
	if err != nil {
		return Report{}, err
	}
	if progress == nil {
		progress = func(string) {}
	}
	ramp := time.Duration(cfg.Clients) * time.Second / time.Duration(s.cfg.LoginsPerSecond)
	within, cancel := context.WithTimeout(ctx, ramp+comeInWithin)
	if s.AllIn(within) {
		progress("all bots are in")
	} else {
		progress("not all bots came in")
	}
	cancel()
	before, began := s.Restart(), time.Now()
	wait(ctx, length)
	after, took := s.Count(), time.Since(began)
	rtt, freezes := s.Percentiles(), s.Freezes()
	if cfg.Ending != nil {
		cfg.Ending(ctx, s)
	}
	lost, last := s.Finish()
	r := Report{
		Clients: cfg.Clients, Connected: after.In, Refused: last.Refusals, RTT: rttOf(rtt),
		CallsPerS: perSecond(after.Done-before.Done, took), Errors: last.Failed + last.Unknown - min(lost, last.Unknown),
		Lost: last.Lost + lost, Duplicated: last.Doubled, Reordered: last.Reordered,
		DownBitsPerS: 8 * perSecond(after.BytesIn-before.BytesIn, took),
		Transport:    transportOf(cfg.Gates), Seconds: took.Seconds(), Calls: after.Done - before.Done,
		Unknown: last.Unknown - min(lost, last.Unknown), Resumed: last.Resumes, Logins: last.Logins, LoggedOut: last.Ended,
		Sessions: after.Loss, Kicks: after.Kicks, Silence: milliseconds(after.Silence), Stored: last.Stored, Forgotten: last.Forgotten,
		Corrections: last.Corrections,
		Migrations:  after.Migrations - before.Migrations,
		Freeze:      Freeze{milliseconds(freezes.At(0.50)), milliseconds(freezes.At(0.99)), milliseconds(freezes.Most())},
		Faults:      append([]string{}, last.Faults...),
	}
	r.Verified = r.Lost+r.Duplicated+r.Reordered == 0 && r.Connected == r.Clients
	return r, nil
}

// Count takes what became of travels into the report, if anybody travelled.
func (r *Report) Count(t *check.Travels) {
	if r.Travels = t; t == nil {
		return
	}
	r.Lost += t.Lost
	r.Duplicated += t.Doubled
	r.Reordered += t.Reordered
	r.Verified = r.Verified && t.Lost+t.Doubled+t.Reordered == 0
}

// Finish makes the bots stop calling, waits for what is under way and logs them
// out. It returns how many calls of bots that are in never had an outcome.
func (s *Swarm) Finish() (lost uint64, last Tally) {
	quiet, cancel := context.WithTimeout(context.Background(), quietWithin)
	defer cancel()
	if !s.Quiet(quiet) {
		lost = uint64(s.Count().Owed)
	}
	leave, cancel := context.WithTimeout(context.Background(), leaveWithin)
	defer cancel()
	return lost, s.Stop(leave)
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func perSecond(n uint64, took time.Duration) float64 { return float64(n) / took.Seconds() }

func rttOf(p *Percentiles) RTT {
	return RTT{
		milliseconds(p.At(0.50)), milliseconds(p.At(0.99)), milliseconds(p.At(0.999)), milliseconds(p.Most()),
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func transportOf(gates []string) string {
	if len(gates) > 0 && len(gates[0]) >= 3 {
		return gates[0][:3]
	}
	return ""
}
