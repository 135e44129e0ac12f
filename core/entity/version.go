package entity

import (
	"errors"
	"fmt"

	"messiah/core/node"
)

// ErrNewer is a record that a newer build wrote than the one that is to read it: nothing of
// it is known to be kept, so it is left as it is.
var ErrNewer = errors.New("of a newer build")

// Version says of which version the properties of a class are; 1 is the first, and that of a class
// which does not say. It stands in each record and each state that moves to another game. A game
// with an older version takes neither: it does not know all that is in it. A game with a newer one
// takes both; upgrade, which may be nil, then changes what was read from the version before
// to what this one has, before any hook runs. An error of upgrade leaves the record as it is.
// Needed where the meaning of a property changes, or a property comes that must not be lost
// while older games still run: names that are added or left out are read in either direction.
func Version[P Entity](version uint32, upgrade func(e P, from uint32) error) Part[P] {
	return Part[P]{add: func(k *Class) error {
		if version == 0 {
			return fmt.Errorf("version 0: the first one is 1")
		}
		k.version = version
		if upgrade != nil {
			k.upgrade = func(e Entity, from uint32) error { return upgrade(e.(P), from) }
		}
		return nil
	}}
}

// Stays has the entities of a class end with their game when that is drained, as those do
// which belong to the place: the crier of a town square, a game's own clerk. Their records are saved.
func Stays[P Entity]() Part[P] {
	return Part[P]{add: func(k *Class) error {
		if k.avatar {
			return fmt.Errorf("an avatar does not stay behind: its player would be sent away")
		}
		k.stays = true
		return nil
	}}
}

// Stays tells whether entities of the class end with their game when that is drained.
func (k *Class) Stays() bool { return k.stays }

// Version returns the version of the class's properties.
func (k *Class) Version() uint32 { return max(k.version, 1) }

// Edition is the sum of the versions of all classes and of all that they carry: of two builds
// of one game, the newer one has the greater.
func (w *World) Edition() uint64 {
	sum := uint64(0)
	for i := range w.cfg.Classes {
		k := w.cfg.Classes[i]
		sum += uint64(k.Version())
		for _, p := range k.carried {
			sum += uint64(p.version)
		}
	}
	return sum
}

// Onward returns how many calls there are whose outcome this game has to pass on to entities
// that have moved away.
func (w *World) Onward() int { return w.onward.Len() }

// readVersioned reads the properties of a record or a state, and makes them of this version.
func readVersioned(w *World, env *node.Env, r *Resident, version uint32, body []byte) error {
	if err := readProperties(w, env, r, version, body); err != nil {
		return err
	}
	k := r.class.class
	if k.upgrade == nil || version >= k.Version() {
		return nil
	}
	env.Mark("properties-upgraded")
	return k.upgrade(r.entity, version)
}
