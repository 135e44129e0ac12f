package scenarios

import (
	"testing"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/sim"
)

// chronicled plays a scenario with a chronicle of at most so many entries.
func chronicled(t *testing.T, sc *sim.Scenario, seed uint64, most int, set ...string) (*sim.Chronicle, sim.Result) {
	t.Helper()
	c := sim.NewChronicle(most)
	return c, play(t, sc, sim.RunConfig{Seed: seed, Set: set, Chronicle: c})
}

func TestChronicleAltersNothing(t *testing.T) {
	for _, sc := range some() {
		for _, set := range [][]string{nil, {"transport=kcp"}} {
			t.Run(sc.Name, func(t *testing.T) {
				t.Parallel()
				plain := play(t, sc, sim.RunConfig{Seed: 3, Set: set})
				c, kept := chronicled(t, sc, 3, 0, set...)
				if plain.Hash != kept.Hash || plain.Events != kept.Events {
					t.Errorf("%v: hash %016x after %d handlers, with a chronicle %016x after %d", set, plain.Hash, plain.Events, kept.Hash, kept.Events)
				}
				handled := uint64(0)
				for i := range c.Entries() {
					if c.Entries()[i].Sort == sim.Handled {
						handled++
					}
				}
				if handled != kept.Events || c.Cut() != 0 {
					t.Errorf("%d handlers ran, and %d are in the chronicle, of which %d entries were cut", kept.Events, handled, c.Cut())
				}
			})
		}
	}
}

// TestCausesAreWhatSentThem checks each entry's cause against what the input itself
// says about where it came from.
func TestCausesAreWhatSentThem(t *testing.T) {
	for _, sc := range some() {
		for _, set := range [][]string{nil, {"transport=kcp"}} {
			t.Run(sc.Name, func(t *testing.T) {
				t.Parallel()
				for seed := range uint64(3) {
					c, _ := chronicled(t, sc, seed, 0, set...)
					seen := map[node.InputKind]int{}
					for i := range c.Entries() {
						e := &c.Entries()[i]
						seen[e.Input.Kind]++
						if why := unsound(c, e); why != "" {
							t.Fatalf("seed %d %v, entry %d at %v, event %d of %v/%d, %s (cause %d): %s",
								seed, set, e.Num, e.At, e.Event, e.Where, e.Lane, e.Kind(), e.Cause, why)
						}
					}
					for _, kind := range []node.InputKind{node.InMessage, node.InTimer, node.InPacket, node.InTask, node.InClient} {
						if seen[kind] == 0 {
							t.Errorf("seed %d: the chronicle has no %v", seed, kind)
						}
					}
				}
			})
		}
	}
}

// unsound says what is wrong with an entry's causes, or "".
func unsound(c *sim.Chronicle, e *sim.Entry) string {
	cause, before := c.At(e.Cause), c.At(e.Before)
	if e.Cause >= e.Num || e.Before >= e.Num || cause != nil && cause.At > e.At {
		return "it was caused by what came later"
	}
	for _, num := range e.Heard {
		if num >= e.Num {
			return "it heard what came later"
		}
	}
	if before != nil && (before.Where != e.Where || before.Place != e.Place) {
		return "what was before it was elsewhere"
	}
	if e.Sort == sim.Stored {
		if cause == nil || cause.Where.Kind() != node.DB {
			return "the store was asked by no db"
		}
		return ""
	}
	if e.Sort != sim.Handled {
		return ""
	}
	return unsoundInput(e, cause)
}

func unsoundInput(e, cause *sim.Entry) string {
	here := cause != nil && cause.Where == e.Where && cause.Place == e.Place
	if cause != nil && cause.Text == sim.RawAct {
		return "" // it names itself as it likes
	}
	switch e.Input.Kind {
	case node.InMessage:
		if e.Input.Type == proto.TypeOperate && e.Input.From == e.Where {
			return "" // an operator's order comes by a way of its own
		}
		if e.Input.From != 0 && (cause == nil || cause.Where != e.Input.From) {
			return "the message was not sent by whom it names"
		}
	case node.InTimer:
		if !here || cause.Lane >= 0 || cause.Sort != sim.Handled {
			return "the timer was not set by a handler of its node"
		}
	case node.InAnswer, node.InClient, node.InConnected:
		if !here || cause.Lane < 0 {
			return "the answer was not given by a lane of its process"
		}
	case node.InWake:
		if !here || cause.Lane != e.Lane {
			return "the lane was woken for another"
		}
	case node.InTask:
		if !here && cause != nil && cause.Sort != sim.Struck || here && cause.Lane >= 0 {
			return "the task was not given by the loop of its process"
		}
	case node.InPacket:
		if cause == nil || here || (cause.Where.Kind() == node.Client) == (e.Where.Kind() == node.Client) {
			return "the packet did not come from the other side of a session"
		}
	case node.InLinkUp, node.InLinkBack:
		if cause == nil {
			return "the link stands for no reason"
		}
	}
	return ""
}

func TestChronicleKeepsTheLastEntries(t *testing.T) {
	sc := All()[0]
	whole, _ := chronicled(t, sc, 1, 0)
	const most = 50
	c, _ := chronicled(t, sc, 1, most)
	n := len(whole.Entries())
	if len(c.Entries()) != most || c.Cut() != uint64(n-most) {
		t.Fatalf("%d entries kept and %d cut of %d at a bound of %d", len(c.Entries()), c.Cut(), n, most)
	}
	if c.At(c.Cut()) != nil || c.At(0) != nil || c.At(uint64(n)+1) != nil {
		t.Error("a number that is not kept leads to an entry")
	}
	for i := range c.Entries() {
		got, want := &c.Entries()[i], &whole.Entries()[n-most+i]
		if got.Num != want.Num || got.At != want.At || got.Cause != want.Cause || c.At(got.Num) != got {
			t.Errorf("entry %d is %d at %v, want %d at %v", i, got.Num, got.At, want.Num, want.At)
		}
	}
}
