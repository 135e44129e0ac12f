package scenarios

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"messiah/core/game"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/record"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/flight"
)

// recorded plays a scenario and returns what the recorders of its processes have, life after life.
func recorded(t *testing.T, name string, seed uint64, limit int) []*record.Recording {
	t.Helper()
	for _, sc := range All() {
		if sc.Name != name {
			continue
		}
		var tapes []*record.Recorder
		res, err := sc.Run(sim.RunConfig{Seed: seed, Tape: func(cfg *node.Config) node.Tape {
			if cfg.Self.Kind() == node.Client {
				return nil
			}
			tapes = append(tapes, record.NewRecorder(limit, cfg))
			return tapes[len(tapes)-1]
		}})
		if err != nil || res.Verdict != sim.Pass {
			t.Fatalf("%s, seed %d: %v %s %v", name, seed, res.Verdict, res.Message, err)
		}
		var all []*record.Recording
		for _, tape := range tapes {
			rec, ok := tape.Take(0)
			if !ok {
				t.Fatalf("%s: a state is too large to be recorded", name)
			}
			all = append(all, rec)
		}
		return all
	}
	t.Fatalf("no scenario %q", name)
	return nil
}

// playing is how the sample game's recordings are replayed.
func playing() flight.Options {
	return flight.Options{Script: func() game.Script { return siege.Script(nil) }, Version: proto.Version(siege.RPC().Schema(), siege.RPC().Digest())}
}

// read writes a recording into a file and reads it back.
func read(t *testing.T, rec *record.Recording) *record.Recording {
	t.Helper()
	back, err := record.Read(rec.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// replayed replays a recording of a scenario as a file. Some scenarios pretend that a process is of another version.
func replayed(t *testing.T, sc *sim.Scenario, rec *record.Recording) flight.Report {
	t.Helper()
	o := playing()
	o.Script = func() game.Script { return sc.Game.Script(sim.Observer{}) }
	o.Version = rec.Head.Version
	r, err := flight.Play(read(t, rec), o)
	if err != nil {
		t.Fatalf("%v: %v", rec.Head.Self, err)
	}
	return r
}

// Every life of every process replays to the same messages and states, from its birth.
func TestRecordingsOfAllScenariosReplay(t *testing.T) {
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for _, sc := range some() {
		t.Run(sc.Name, func(t *testing.T) {
			for seed := range seeds {
				for _, rec := range recorded(t, sc.Name, seed+1, 64<<20) {
					if sc.Game.Observed && rec.Head.Self.ID.Kind() == node.Game {
						continue // what the story tells its code is no input
					}
					r := replayed(t, sc, rec)
					if r.First != nil || r.Compare.States != 1 || rec.Head.Lost != 0 {
						t.Fatalf("seed %d, %v: %+v differs: %+v", seed+1, rec.Head.Self, r, r.First)
					}
				}
			}
		})
	}
}

// The same behind snapshots that were taken in the midst of it: the least limit forgets a lot.
func TestRecordingsThatForgotReplay(t *testing.T) {
	kinds := map[node.Kind]uint64{}
	for _, name := range []string{"town-under-fire", "reconnect-resume", "late-answers", "game-lost", "db-lost", "manager-restart"} {
		for seed := range uint64(3) {
			for _, rec := range recorded(t, name, seed+1, record.MinLimit) {
				r := replayed(t, named(t, name), rec)
				if r.First != nil || r.Compare.States != uint64(len(rec.Segments)) {
					t.Fatalf("%s, seed %d, %v: differs after %d messages: %+v", name, seed+1, rec.Head.Self, r.Compare.Messages, r.First)
				}
				if rec.Head.Lost > 0 {
					kinds[rec.Head.Self.ID.Kind()] += r.Compare.Messages
				}
			}
		}
	}
	for _, kind := range []node.Kind{node.Gate, node.Game} {
		if kinds[kind] == 0 {
			t.Errorf("no recording of a %v has forgotten anything: %v", kind, kinds)
		}
	}
}

func ofKind(t *testing.T, all []*record.Recording, kind node.Kind) *record.Recording {
	t.Helper()
	for _, rec := range all {
		if rec.Head.Self.ID.Kind() == kind {
			return rec
		}
	}
	t.Fatalf("no recording of a %v", kind)
	return nil
}

// A byte of an input that is another one leads to a difference that names its event.
func TestAnotherInputIsLocated(t *testing.T) {
	rec := ofKind(t, recorded(t, "reconnect-resume", 1, 64<<20), node.Game)
	events := rec.Segments[0].Events
	number := siege.Number(siege.Count)
	at := bytes.LastIndex(events, []byte{0xcd, byte(number >> 8), byte(number)})
	if at < 0 {
		t.Fatal("nobody called")
	}
	events[at+1] ^= 1 // a method that there is not
	r, err := flight.Play(read(t, rec), playing())
	if err != nil {
		t.Fatal(err)
	}
	d := r.First
	if d == nil || r.Events == 0 || !strings.Contains(d.Recorded, "task") || !strings.Contains(d.Input, "client-call") || d.Recorded == d.Replayed {
		t.Fatalf("%+v: %+v", r, d)
	}
}

// A game whose code does something else than the recorded one differs at the first call that shows it.
func TestAnotherGameIsLocated(t *testing.T) {
	rec := ofKind(t, recorded(t, "reconnect-resume", 1, 64<<20), node.Game)
	o := playing()
	o.Script = func() game.Script {
		return siege.Script(&siege.Observer{Count: func(n uint64) uint64 {
			if n == 3 {
				return 4 // the fourth one is counted twice
			}
			return n
		}})
	}
	r, err := flight.Play(rec, o)
	if err != nil || r.First == nil || !strings.Contains(r.First.Input, "client-call") {
		t.Fatalf("%v, %+v", err, r.First)
	}
}

// The trace of a replay is that of the simulator, and ends where it is told to.
func TestTraceOfAReplay(t *testing.T) {
	rec := ofKind(t, recorded(t, "connect-then-disconnect", 1, 64<<20), node.Manager)
	var text bytes.Buffer
	o := playing()
	o.Trace, o.Until = &text, 20
	if r, err := flight.Play(rec, o); err != nil || r.Events <= o.Until {
		t.Fatalf("%v %+v", err, r)
	}
	events := 0
	for line := range strings.Lines(text.String()) {
		if strings.Contains(line, "#") {
			events++
			if !strings.Contains(line, fmt.Sprintf("#%d ", events)) || !strings.Contains(line, "manager1") {
				t.Errorf("event %d is %q", events, line)
			}
		}
	}
	if events != int(o.Until) || !strings.Contains(text.String(), "-> processes to gate") {
		t.Errorf("%d events:\n%s", events, text.String())
	}
}
