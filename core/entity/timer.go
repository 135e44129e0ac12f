package entity

import (
	"slices"
	"time"

	"messiah/core/must"
	"messiah/core/node"
)

// NodeTimer is the name of the node timer behind all timers of entities and
// deadlines of calls; its key is their number. A game hands it to World.Timer.
const NodeTimer uint16 = 1000

// entityTimer is one timer of one entity.
type entityTimer struct {
	num   uint64
	r     *Resident
	name  string
	key   uint64
	due   node.Time
	every time.Duration // 0: once
	ask   uint64        // of a deadline, the call's number
	left  time.Duration // while its entity is frozen or quiet
}

func (w *World) setTimer(env *node.Env, r *Resident, name string, key uint64, d, every time.Duration) {
	if r.class.class.timers[name] == nil {
		panic("entity: class " + r.className() + " has no handler of timer " + name + ": give Define an OnTimer")
	}
	if r.gone || r.frozen {
		return
	}
	if t := r.timer(name, key); t != nil {
		w.dropTimer(env, t)
	}
	must.True(len(r.timers) < MaxTimers, "entity %v sets its timer number %d", r.id, MaxTimers+1)
	w.addTimer(env, r, name, key, d, every)
	w.stale(env, r)
}

func (w *World) addTimer(env *node.Env, r *Resident, name string, key uint64, d, every time.Duration) {
	t := &entityTimer{r: r, name: name, key: key, every: every}
	r.timers = append(r.timers, t)
	if t.left = d; r.quiet {
		return // goOn starts it
	}
	w.arm(env, t, d)
}

// timer returns a timer that is set, nil if it is not.
func (r *Resident) timer(name string, key uint64) *entityTimer {
	for _, t := range r.timers {
		if t.name == name && t.key == key {
			return t
		}
	}
	return nil
}

// maxDelay bounds how far off a timer is: some 73 years, so that no sum of times overflows.
const maxDelay = time.Duration(1) << 61

// arm sets the node timer behind one of ours.
func (w *World) arm(env *node.Env, t *entityTimer, d time.Duration) {
	if t.num == 0 {
		w.lastTimer++
		t.num = w.lastTimer
		w.timers[t.num] = t
	}
	d = min(max(d, 0), maxDelay)
	t.due = env.Now().Add(d)
	env.After(d, NodeTimer, t.num)
}

func (w *World) cancelTimer(env *node.Env, r *Resident, name string, key uint64) {
	if t := r.timer(name, key); t != nil && !r.frozen {
		w.dropTimer(env, t)
		w.stale(env, r)
	}
}

// dropTimers takes back all timers of an entity.
func (w *World) dropTimers(env *node.Env, r *Resident) {
	for len(r.timers) > 0 {
		w.dropTimer(env, r.timers[len(r.timers)-1])
	}
}

func (w *World) dropTimer(env *node.Env, t *entityTimer) {
	if t.num != 0 {
		env.Cancel(NodeTimer, t.num)
		delete(w.timers, t.num)
	}
	if t.r != nil {
		t.r.timers = slices.DeleteFunc(t.r.timers, func(one *entityTimer) bool { return one == t })
	}
}

// Timer hears that the node timer with that key has fired.
func (w *World) Timer(env *node.Env, num uint64) {
	t := w.timers[num]
	if t == nil {
		env.Mark("timer-of-nothing")
		return
	}
	if t.ask != 0 {
		w.late(env, t.ask)
		w.settle(env)
		return
	}
	r := t.r
	if t.every > 0 {
		w.arm(env, t, t.every)
	} else {
		w.dropTimer(env, t)
		w.stale(env, r)
	}
	if r.dying {
		return
	}
	handle := r.class.class.timers[t.name]
	w.run(env, r, func(c *Call) {
		c.key = t.key
		handle(r.entity, c)
	})
	w.settle(env)
}
