package command

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"messiah/sim"
)

type speedCmd struct {
	Clients int           `default:"10" help:"Players in the world."`
	For     time.Duration `default:"3s" help:"About how long to measure."`
	Set     []string      `placeholder:"KEY=VALUE" help:"Override an option of the world."`
	Profile string        `placeholder:"FILE" help:"Write a processor profile of the measured time."`
	JSON    bool          `help:"Print one JSON document."`
}

// Help is the example of the command.
func (speedCmd) Help() string {
	return "One world on one core: an event is one handler call of a node or lane; each client moves at 10 Hz and calls twice\n" +
		"a second over LAN jitter, with sealing, codecs and oracles on.\n\nExample: messiah-sim speed --clients 1000 --json"
}

// sped is what `speed --json` prints.
type sped struct {
	Clients         int     `json:"clients"`
	EventsPerSecond float64 `json:"events_per_second"`
	SimToReal       float64 `json:"sim_to_real"`
	SeedsPerSecond  float64 `json:"seeds_per_second"`
	BytesPerClient  float64 `json:"bytes_per_client"`
	Events          uint64  `json:"events"`
	SimSeconds      float64 `json:"sim_seconds"`
	WallSeconds     float64 `json:"wall_seconds"`
	Workload        string  `json:"workload"`
}

const workload = "one world on one core; an event is one handler call of a node or lane; each client moves at 10 Hz and calls " +
	"twice a second over LAN jitter, with sealing, codecs and oracles on"

func (c speedCmd) Run(out *output) error {
	if c.Clients < 1 || c.Clients > 100_000 {
		return usage("--clients %d is not between 1 and 100000", c.Clients)
	}
	if program.Crowd == nil {
		return usage("%s has no crowd to measure: set Program.Crowd", program.Name)
	}
	runtime.GOMAXPROCS(1) // what is measured is one core
	collectLess()
	s, err := c.measure()
	if err != nil {
		return err
	}
	if s.SeedsPerSecond, err = seedsPerSecond(c.For / 2); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(out, s)
	}
	fmt.Fprintf(out.results, "%d clients: %.2f M events/s, %.3g:1 simulated to real, %.1f KB a client; %.0f seeds/s of a 30 s, 4-client run\n(%s)\n",
		s.Clients, s.EventsPerSecond/1e6, s.SimToReal, s.BytesPerClient/1000, s.SeedsPerSecond, workload)
	return nil
}

// collectLess lets the heap grow to five times what is in use between two
// collections, unless the environment says otherwise: what a world keeps is small,
// and what many of them leave behind is most of a sweep's heap.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// measure runs the crowd, twice: a short run tells how long the measured one may be.
func (c speedCmd) measure() (sped, error) {
	first, err := c.crowd(time.Second, "")
	if err != nil {
		return first, err
	}
	span := time.Duration(first.SimToReal * c.For.Seconds() * float64(time.Second))
	return c.crowd(min(max(span, time.Second), time.Hour), c.Profile)
}

func (c speedCmd) crowd(span time.Duration, profile string) (s sped, err error) {
	var began time.Time
	var events uint64
	idle := heap()
	before := func(st *sim.Story) {
		s.BytesPerClient = (float64(heap()) - float64(idle)) / float64(c.Clients)
		if profile != "" {
			if f, ferr := os.Create(profile); ferr == nil {
				err = pprof.StartCPUProfile(f)
			} else {
				err = ferr
			}
		}
		began, events = time.Now(), st.Events()
	}
	after := func(st *sim.Story) {
		wall := time.Since(began)
		pprof.StopCPUProfile()
		s.Clients, s.Events = c.Clients, st.Events()-events
		s.SimSeconds, s.WallSeconds, s.Workload = span.Seconds(), wall.Seconds(), workload
		s.EventsPerSecond = float64(s.Events) / wall.Seconds()
		s.SimToReal = span.Seconds() / wall.Seconds()
	}
	res, rerr := execute(program.Crowd(c.Clients, span, before, after), sim.RunConfig{Seed: 1, Set: c.Set})
	switch {
	case rerr != nil:
		return s, usage("%v", rerr)
	case err != nil:
		return s, usage("cannot write the profile: %v", err)
	case res.Verdict != sim.Pass:
		return s, exitStatus{statusOf(res.Verdict), "the crowd failed: " + res.Message}
	}
	return s, nil
}

// heap returns the bytes in use, after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// seedsPerSecond runs short whole runs of four clients for a while: 30 simulated
// seconds each, beginning and end included.
func seedsPerSecond(span time.Duration) (float64, error) {
	nothing := func(*sim.Story) {}
	began := time.Now()
	for n := 0; ; n++ {
		if d := time.Since(began); d >= span && n > 0 {
			return float64(n) / d.Seconds(), nil
		}
		sc := program.Crowd(4, 28*time.Second, nothing, nothing)
		res, err := execute(sc, sim.RunConfig{Seed: uint64(n)})
		if err != nil {
			return 0, usage("%v", err)
		}
		if res.Verdict != sim.Pass {
			return 0, exitStatus{statusOf(res.Verdict), "a run of four clients failed: " + res.Message}
		}
	}
}
