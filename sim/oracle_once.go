package sim

import (
	"slices"

	"messiah/core/dbm"
	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// once wants words of the start to be said once, and requests to be refused only
// where there is no room: work done again, or not at all, is no progress.
type once struct {
	deaf
	w       *World
	told    map[tellingOf]bool
	list    manager.Status // as the manager's present life said it last
	listed  []byte         // the bytes that it is remembered by, nil while nobody has asked for them
	waiting int            // requests at the db before the handler under way
	db      node.Peer
}

// tellingOf is one word of a process's life to a life of the manager.
type tellingOf struct {
	from, to node.Peer
	version  uint64
}

func newOnce(w *World) *once { return &once{w: w, told: map[tellingOf]bool{}} }

func (o *once) Handled(p *process, in *node.Input) {
	switch n := p.host.Node().(type) {
	case *manager.Manager:
		if in.Kind == node.InMessage && in.Type == proto.TypeReady {
			o.ready(p, in)
		}
		o.changed(in, n)
	case *dbm.DB:
		o.room(p, in, n)
	}
}

// ready wants each list to be reported complete once, a list that there is.
func (o *once) ready(p *process, in *node.Input) {
	var m proto.Ready
	k := tellingOf{from: node.Peer{ID: in.From, Inc: in.Inc}, to: p.host.Self()}
	if o.w.raw(k.from) || wire.Decode(in.Body, &m) != nil {
		return
	}
	k.version = m.Version
	if o.told[k] || m.Version == 0 {
		o.w.Violate("admission", "%v has reported list %d complete again", in.From, m.Version)
	}
	o.told[k] = true
}

// changed wants a new version of the list to be another list, and a list to name each process once.
func (o *once) changed(in *node.Input, m *manager.Manager) {
	if in.Kind == node.InStart {
		o.list, o.listed = manager.Status{}, nil
	}
	if m.ListVersion() == o.list.Version {
		return
	}
	st, before := m.Inspect(), o.list
	o.list, o.listed = st, nil
	same := func(a, b manager.ProcessStatus) bool {
		return a.Peer == b.Peer && a.Addr == b.Addr && a.Ready == b.Ready && a.Closed == b.Closed
	}
	again := in.Type == proto.TypeRegister || in.Type == proto.TypeStubsMade // they bring a list about whatever they say
	if !again && slices.EqualFunc(st.Processes, before.Processes, same) && slices.Equal(st.Stubs, before.Stubs) &&
		st.Settled == before.Settled {
		o.w.Violate("admission", "list %d says what list %d said", st.Version, before.Version)
	}
	for i := 1; i < len(st.Processes); i++ {
		if st.Processes[i].Peer.ID == st.Processes[i-1].Peer.ID {
			o.w.Violate("admission", "list %d names %v twice", st.Version, st.Processes[i].Peer.ID)
		}
	}
}

// room wants the db to take a request for which there is room.
func (o *once) room(p *process, in *node.Input, d *dbm.DB) {
	before := o.waiting
	if self := p.host.Self(); self != o.db {
		before, o.db = 0, self
	}
	o.waiting = d.Inspect().Waiting
	if in.Kind != node.InMessage || o.w.raw(node.Peer{ID: in.From, Inc: in.Inc}) {
		return
	}
	switch in.Type {
	case proto.TypeClaim, proto.TypeSave, proto.TypeRelease:
		if o.waiting == before && before < dbm.MaxWaiting {
			o.w.Violate("progress", "%v has refused a request while %d waited", p.id, before)
		}
	}
}
