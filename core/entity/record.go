package entity

import (
	"fmt"
	"time"

	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/wire"
)

// MaxRecord bounds a record, in bytes. A larger one is logged at Error and not written:
// the store keeps what it has of the entity, and each later change tries again.
const MaxRecord = 1 << 20

// section is one subsystem's part of an entity's state, where it is saved or moves.
type section struct {
	name    string
	version uint32
	body    []byte
}

// Code reads or writes the section.
func (s *section) Code(c *wire.Coder) {
	c.String(&s.name)
	c.Uint32(&s.version)
	c.Bytes(&s.body)
}

// part is a subsystem that has a section: how it is written and read back.
type part struct {
	name    string
	version uint32
	has     func(r *Resident) bool
	write   func(w *World, env *node.Env, r *Resident) []byte
	read    func(w *World, env *node.Env, r *Resident, version uint32, body []byte) error
}

// savedParts are the sections of a record of a class, in their order.
func savedParts(k *Class) []part {
	always := func(*Resident) bool { return true }
	return []part{
		{"properties", k.Version(), always, writeSaved, readVersioned},
		{"place", 1, func(r *Resident) bool { return r.place != nil }, writePlace, readPlace},
		{"timers", 1, func(r *Resident) bool { return len(r.timers) > 0 }, writeTimers, readTimers},
		{"asks", 1, always, writeAsks, readAsks},
	}
}

// recordBody is a whole record.
type recordBody struct {
	class    string
	sections []section
}

// Code reads or writes the record.
func (b *recordBody) Code(c *wire.Coder) {
	c.String(&b.class)
	wire.Slice(c, &b.sections, func(c *wire.Coder, s *section) { c.Struct(s) })
}

// Record returns the bytes of an entity's record as it is now, and its index
// entries; nothing of a record over MaxRecord, and of one whose values' own Code
// methods panic, which ends the entity. Who waits for it hears of that from Settle.
func (w *World) Record(env *node.Env, r *Resident) ([]byte, []IndexEntry) {
	data, index, ok := w.record(env, r)
	if !ok {
		w.panicked(env, r)
	}
	return data, index
}

func (w *World) record(env *node.Env, r *Resident) (_ []byte, _ []IndexEntry, ok bool) {
	if w.cfg.Contain {
		defer w.caught(env, r)
	}
	b := recordBody{class: r.className()}
	for _, p := range savedParts(r.class.class) {
		if !p.has(r) {
			continue
		}
		if body := p.write(w, env, r); body != nil {
			b.sections = append(b.sections, section{p.name, p.version, body})
		}
	}
	r.copies++
	if planted.On("copy-taken-for-stored") { // an avatar says of what is on its way that it is there
		r.stored = r.copies
	}
	r.dirty = false
	r.tree.ClearSavedChanged()
	data := wire.Append(nil, &b)
	if len(data) > MaxRecord {
		env.Log(node.Error, "a record is over its bound", "class", r.className(), "entity", r.name(), "bytes", len(data))
		w.endSavers(env, r, proto.OutcomeFailed, "entity: the record is over its bound")
		return nil, nil, true
	}
	w.watch(HookCopied, r)
	var index []IndexEntry
	r.tree.Indexes(func(field, value string) { index = append(index, IndexEntry{Field: field, Value: value}) })
	return data, index, true
}

// LoadRecord takes over the properties of a record, whatever its class; names that the tree
// does not have are skipped. It is for tools that look into a store: game code is given its
// entities whole.
func (t *Tree) LoadRecord(data []byte) error {
	var b recordBody
	if err := wire.Decode(data, &b); err != nil {
		return fmt.Errorf("entity: the record: %w", err)
	}
	for i := range b.sections {
		if b.sections[i].name == "properties" {
			return t.Load(b.sections[i].body)
		}
	}
	return nil
}

// load reads a record into an entity that was just made. Sections that this build
// does not know belong to a newer one and are skipped; a newer version of one that it
// knows is an error.
func (w *World) load(env *node.Env, r *Resident, data []byte) error {
	var b recordBody
	if err := w.decoder.Decode(data, &b); err != nil {
		return fmt.Errorf("entity: record of %v: %w", r.id, err)
	}
	if b.class != r.className() {
		return fmt.Errorf("entity: record of %v: its class is %q, and %q was asked for", r.id, b.class, r.className())
	}
	for i := range b.sections {
		s := &b.sections[i]
		for _, p := range savedParts(r.class.class) {
			if p.name != s.name {
				continue
			}
			if s.version > p.version {
				return fmt.Errorf("entity: record of %v: section %s has version %d, %w", r.id, s.name, s.version, ErrNewer)
			}
			if err := p.read(w, env, r, s.version, s.body); err != nil {
				return fmt.Errorf("entity: record of %v: section %s: %w", r.id, s.name, err)
			}
		}
	}
	return nil
}

func writeSaved(_ *World, _ *node.Env, r *Resident) []byte { return r.tree.AppendSaved(nil) }

func readProperties(_ *World, _ *node.Env, r *Resident, _ uint32, body []byte) error {
	return r.tree.Load(body)
}

// placeState is the section of where an entity is; its space ended with its game.
type placeState struct {
	at  geom.Vec3
	yaw float32
}

// Code reads or writes the place.
func (p *placeState) Code(c *wire.Coder) {
	c.Float64(&p.at.X)
	c.Float64(&p.at.Y)
	c.Float64(&p.at.Z)
	c.Float32(&p.yaw)
}

func writePlace(_ *World, _ *node.Env, r *Resident) []byte {
	return wire.Append(nil, &placeState{r.place.at, r.place.yaw})
}

func readPlace(w *World, _ *node.Env, r *Resident, _ uint32, body []byte) error {
	if r.place == nil {
		return nil // the class was an area class once
	}
	var p placeState
	if err := w.decoder.Decode(body, &p); err != nil {
		return err
	}
	if !isPlace(p.at, p.yaw) {
		return ErrNoPlace
	}
	r.place.at, r.place.yaw = p.at, p.yaw
	return nil
}

// timerState is a timer as it is saved: it does not run while its entity does not live.
type timerState struct {
	name  string
	key   uint64
	left  time.Duration
	every time.Duration
}

// Code reads or writes the timer.
func (t *timerState) Code(c *wire.Coder) {
	c.String(&t.name)
	c.Uint64(&t.key)
	c.Int64((*int64)(&t.left))
	c.Int64((*int64)(&t.every))
}

// timerStates is the section of timers.
type timerStates struct{ all []timerState }

// Code reads or writes the timers.
func (t *timerStates) Code(c *wire.Coder) {
	wire.Slice(c, &t.all, func(c *wire.Coder, one *timerState) { c.Struct(one) })
}

func writeTimers(_ *World, env *node.Env, r *Resident) []byte {
	return timerSection(r, func(t *entityTimer) time.Duration { return max(t.due.Sub(env.Now()), 0) })
}

// timerSection returns the section of an entity's timers, each due after what left says.
func timerSection(r *Resident, left func(*entityTimer) time.Duration) []byte {
	var s timerStates
	for _, t := range r.sortedTimers() {
		s.all = append(s.all, timerState{t.name, t.key, left(t), t.every})
	}
	return wire.Append(nil, &s)
}

func readTimers(w *World, env *node.Env, r *Resident, _ uint32, body []byte) error {
	return w.readTimerSection(env, r, body, func(t *timerState) { w.addTimer(env, r, t.name, t.key, t.left, t.every) })
}

// readTimerSection adds the timers of a section that the entity's class knows.
func (w *World) readTimerSection(env *node.Env, r *Resident, body []byte, add func(*timerState)) error {
	var s timerStates
	if err := w.decoder.Decode(body, &s); err != nil {
		return err
	}
	for i := range s.all {
		t := &s.all[i]
		if r.class.class.timers[t.name] == nil {
			env.Mark("timer-of-an-older-class")
			continue
		}
		if len(r.timers) >= MaxTimers || r.timer(t.name, t.key) != nil {
			return fmt.Errorf("timer %s %d is one too many", t.name, t.key)
		}
		add(t)
	}
	return nil
}

// askState is a call that was under way when the record was written: who loads
// the record finds its outcome lost.
type askState struct {
	reply string
	key   uint64
}

// Code reads or writes the call.
func (a *askState) Code(c *wire.Coder) {
	c.String(&a.reply)
	c.Uint64(&a.key)
}

type askStates struct{ all []askState }

// Code reads or writes the calls.
func (a *askStates) Code(c *wire.Coder) {
	wire.Slice(c, &a.all, func(c *wire.Coder, one *askState) { c.Struct(one) })
}

func writeAsks(_ *World, _ *node.Env, r *Resident) []byte {
	if r.asking == 0 {
		return nil
	}
	var s askStates
	for p := r.firstCall; p != nil; p = p.after {
		if p.reply != "" && !p.brief {
			s.all = append(s.all, askState{p.reply, p.key})
		}
	}
	if len(s.all) == 0 {
		return nil
	}
	return wire.Append(nil, &s)
}

func readAsks(w *World, env *node.Env, r *Resident, _ uint32, body []byte) error {
	var s askStates
	if err := w.decoder.Decode(body, &s); err != nil {
		return err
	}
	for _, a := range s.all {
		if r.class.replies[a.reply] == nil {
			env.Mark("reply-of-an-older-class")
			continue
		}
		r.lost = append(r.lost, a)
	}
	return nil
}
