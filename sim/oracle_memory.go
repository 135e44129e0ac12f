package sim

import (
	"fmt"

	"messiah/core/ordered"
)

// rememberer is an oracle that judges by more than the present state. What it
// remembers is part of the state of a case, so that two orders are taken for one
// only where it would judge what follows alike.
type rememberer interface {
	// remembers appends the canonical bytes of what it remembers. (Package fmt
	// prints a map by its keys in order.)
	remembers(dst []byte) []byte
}

func (o *admission) remembers(dst []byte) []byte {
	return fmt.Appendf(dst, "%d %v %#v %#v %#v %#v", o.step, o.opened, o.linked, o.open, o.stubs, o.lists)
}

func (o *oneStub) remembers(dst []byte) []byte { return fmt.Appendf(dst, "%#v", o.made) }

func (o *hooks) remembers(dst []byte) []byte {
	return fmt.Appendf(dst, "%#v %#v %#v", o.attached, o.moved, o.unsure)
}

func (o *leaks) remembers(dst []byte) []byte { return fmt.Appendf(dst, "%#v %#v", o.left, o.came) }

func (o *calls) remembers(dst []byte) []byte {
	dst = fmt.Appendf(dst, "%v", o.excused)
	for _, client := range ordered.Keys(o.by) {
		dst = fmt.Appendf(dst, " %d %#v", client, *o.by[client])
	}
	return dst
}

func (o *durable) remembers(dst []byte) []byte {
	return fmt.Appendf(dst, "%#v %#v", o.under, o.kept)
}

func (o *loaders) remembers(dst []byte) []byte {
	return fmt.Appendf(dst, "%#v %#v", o.granted, o.stale)
}

func (o *bounds) remembers(dst []byte) []byte { return fmt.Appendf(dst, "%#v", o.logins) }

func (o *once) remembers(dst []byte) []byte {
	if o.listed == nil {
		o.listed = fmt.Appendf(nil, "%#v", o.list)
	}
	return fmt.Appendf(append(dst, o.listed...), " %#v %d %v", o.told, o.waiting, o.db)
}

func (o *mail) remembers(dst []byte) []byte {
	dst = fmt.Appendf(dst, "%v %#v %#v", o.excused, o.leftAt, o.thawed)
	for _, id := range ordered.Keys(o.streams) {
		dst = fmt.Appendf(dst, "%d%+v", id, *o.streams[id])
	}
	return dst
}

func (o *oneOwner) remembers(dst []byte) []byte { return fmt.Appendf(dst, "%#v", o.live) }
