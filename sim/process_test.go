package sim

import (
	"slices"
	"testing"
	"time"

	"messiah/core/dbm"
	"messiah/core/node"
)

// TestDuplicateIsALifeOfItsOwn: two processes under one name are two incarnations,
// whatever the number of lives that each has had, and each runs what was made for it.
func TestDuplicateIsALifeOfItsOwn(t *testing.T) {
	w := NewWorld(Config{Options: DefaultOptions()})
	var made []*process
	first := w.addProcess(DBID, node.Config{}, func(p *process) (node.Node, []node.Lane) {
		made = append(made, p)
		return dbm.New(dbm.Config{Manager: ManagerID.String()}), nil
	})
	first.start()
	w.duplicate(first, time.Second)
	second := w.procs[len(w.procs)-1]
	one, other := first.host.Self(), second.host.Self()
	if first.life != second.life || one.ID != other.ID || one.Inc == other.Inc {
		t.Errorf("the life %d is %v, and of the duplicate the life %d is %v", first.life, one, second.life, other)
	}
	if !slices.Equal(made, []*process{first, second}) || w.byID[DBID] != first {
		t.Error("the duplicate was not made for itself, or has taken the name")
	}
}
