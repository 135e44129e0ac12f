package sim

import (
	"messiah/core/addr"
	"messiah/core/node"
)

// Sight is something that game code saw.
type Sight struct {
	What        SightKind
	By          *process
	Account     string // or the stub's name
	N           uint64
	Count       uint64        // of SawExecuted: how many calls the avatar remembers, this one included
	Entity      addr.EntityID // of SawSent, who sends; of SawLive, SawGone, SawLeft and SawCame, whose incarnation is N; of SawFreed and SawWaited
	Stream      uint64        // of SawSent, SawRan and SawTold: all calls of one entity by one address; N is the call's number in it
	Asks        bool          // of SawSent: the sender is to be told in any case
	Err         error         // of SawTold: nil where the call ran
	Incarnation uint64        // of SawFreed and SawWaited
}

// SightKind says what game code saw.
type SightKind uint8

// The kinds of sight.
const (
	SawExecuted SightKind = iota
	SawServerOpen
	SawStubCreated
	SawAttached
	SawLost
	SawSent // an entity calls another
	SawRan  // such a call runs
	SawTold // its sender is told how it ended
	SawLive
	SawGone
	SawLeft   // the entity went to another game
	SawCame   // it came from another game, or is back
	SawWaited // an area entity runs that was on its way
	SawFreed  // the server moved the entity, or let its client move it farther
)

// Oracle judges a run: from what nodes hold, what game code saw and what crossed
// the wire, never from a counter of the code that it judges. It reports through
// World.Violate.
type Oracle interface {
	// Started hears of a new life of a process, Ended of an end while the life's state is still there.
	Started(p *process)
	Ended(p *process)
	// Delivered hears what a lane hands to its loop, before the loop has it.
	Delivered(p *process, in *node.Input)
	// Handled hears of each input that a node has handled.
	Handled(p *process, in *node.Input)
	// Saw hears from game code.
	Saw(s Sight)
	// Checkpoint looks at the whole world, every CheckpointEvery events.
	Checkpoint()
	// Calm looks at the world when nothing is under way and the clients are in.
	Calm()
	// Empty looks at the world when the clients have left and nothing is waited for.
	Empty()
}

// deaf is an Oracle that hears nothing; an oracle embeds it and overrides what it judges by.
type deaf struct{}

func (deaf) Started(*process)                {}
func (deaf) Ended(*process)                  {}
func (deaf) Delivered(*process, *node.Input) {}
func (deaf) Handled(*process, *node.Input)   {}
func (deaf) Saw(Sight)                       {}
func (deaf) Checkpoint()                     {}
func (deaf) Calm()                           {}
func (deaf) Empty()                          {}

// OracleAbout describes one oracle of invariants.md.
type OracleAbout struct {
	Name, Says, When string
	PlantedBugs      []string // that it must notice: the catalogue is Bugs
}

// Oracles lists the oracles that run unasked in every run.
func Oracles() []OracleAbout {
	all := []OracleAbout{
		{"admission", "no avatar exists before the ninth step; the nine steps happen in order", "always", nil},
		{"one-stub", "a stub is created once on a life of a game, and at rest lives on exactly one", "always and rest", nil},
		{"connection-truth", "no immediate handler sees a connection that is not as it says; each connected has one disconnected", "always", nil},
		{"no-leak", "at rest nothing is left without an owner", "rest", nil},
		{"delivered-or-told", "every call is executed once and never twice, or its sender gets exactly one error", "always and rest", nil},
		{"durable", "what an acknowledged save holds is there after any crash, and is what game code goes on with", "always", nil},
		{"one-owner", "at most one live entity of an id in the cluster", "always and rest", nil},
		{"one-loader", "a record is granted under a higher number each time, and a stale owner's write never lands", "always", nil},
		{"order", "calls through one address execute in the order sent", "always", nil},
		{"routes", "every client's route leads to its avatar's game", "rest", nil},
		{"bounded", "no queue, buffer or table exceeds its stated bound", "checkpoints", nil},
		{"progress", "after faults stop, the cluster comes to rest within the stated time and serves again", "liveness", nil},
		{"balance", "avatars go from a fuller game to an emptier one alone, and no two games exchange any", "in its scenario", nil},
		{"honest-move", "a client that keeps to its speed is corrected once at most, and once more in five seconds", "always", nil},
		{"cheat-caught", "no avatar is farther than its speed and the stated slack allow, and a client that says so is told within five seconds", "always", nil},
		{"replay", "the same seed gives the same trace hash", "sweep", nil},
		{"no-error-log", "nothing logs at ERROR in a run, and no message finds no handler", "always", nil},
	}
	for i := range all {
		all[i].PlantedBugs = plantedFor(all[i].Name)
	}
	return all
}

func newOracles(w *World) []Oracle {
	return []Oracle{
		newAdmission(w), newOneStub(w), newTruth(w), newHooks(w), newCalls(w), newDurable(w), newLoaders(w), newRoutes(w), newBounds(w), newLeaks(w), newOnce(w), newMail(w), newOneOwner(w), newMoves(w),
	}
}

// delivering tells the oracles what a lane hands to its loop.
func (w *World) delivering(p *process, in *node.Input) {
	for _, o := range w.oracles {
		o.Delivered(p, in)
	}
}

// judge lets oracles and watchers look at a handler that has run.
func (w *World) judge(p *process, in *node.Input) {
	w.states.enter(p, in)
	if w.overheard != nil {
		w.overheard(p.host.Self(), in)
	}
	for _, o := range w.oracles {
		o.Handled(p, in)
	}
	w.watch(p, -1, in)
	if w.trace.events/CheckpointEvery != w.lastCheck {
		w.lastCheck = w.trace.events / CheckpointEvery
		for _, o := range w.oracles {
			o.Checkpoint()
		}
	}
}
