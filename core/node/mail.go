package node

// Mail is a queue of inputs that owns its bytes: what is pushed is copied into
// one arena, so that a queue in steady state allocates nothing. It is not safe
// for concurrent use; production guards it with a lock and swaps it whole.
type Mail struct {
	items []Input
	head  int
	arena []byte

	// The room of the other half, for moving what waits to the front.
	otherItems []Input
	otherArena []byte

	room *Room // nil, or where its buffers are while it is empty
}

// Share makes an empty queue leave its buffers to others while it is empty.
func (m *Mail) Share(r *Room) { m.room = r }

// Push appends a copy of in, bytes included.
func (m *Mail) Push(in *Input) {
	if m.items == nil && m.room != nil {
		m.room.lend(m)
	}
	m.items = append(m.items, *in)
	kept := &m.items[len(m.items)-1]
	kept.Routes = m.keep(in.Routes)
	kept.Body = m.keep(in.Body)
}

func (m *Mail) keep(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	start := len(m.arena)
	// A view into an arena that has since grown still reads the old array, whose bytes do not change.
	m.arena = append(m.arena, b...)
	return m.arena[start:len(m.arena):len(m.arena)]
}

// Pop takes the oldest input; its views stay good until Recycle.
func (m *Mail) Pop() (in *Input, ok bool) {
	if m.head == len(m.items) {
		return nil, false
	}
	m.head++
	return &m.items[m.head-1], true
}

// Len returns how many inputs wait.
func (m *Mail) Len() int { return len(m.items) - m.head }

// Bytes returns how many bytes the queue holds, those of popped inputs included.
func (m *Mail) Bytes() int { return len(m.arena) }

// The room that an emptied queue keeps, and the length of a dead head that is worth moving for.
const (
	mailKeepBytes = 1 << 20
	mailKeepItems = 1 << 14
	mailCompact   = 1 << 10
)

// Recycle gives back the room of popped inputs. No view may be in use.
func (m *Mail) Recycle() {
	if m.head == len(m.items) {
		m.Reset()
		return
	}
	if m.head < mailCompact || m.head < len(m.items)/2 {
		return
	}
	rest := Mail{items: m.otherItems[:0], arena: m.otherArena[:0], room: m.room}
	for i := m.head; i < len(m.items); i++ {
		rest.Push(&m.items[i])
	}
	clear(m.items)
	rest.otherItems, rest.otherArena = m.items[:0], m.arena[:0]
	*m = rest
}

// Reset empties the queue and keeps a modest part of its room.
func (m *Mail) Reset() {
	clear(m.items)
	m.items, m.head, m.arena = m.items[:0], 0, m.arena[:0]
	if cap(m.arena) > mailKeepBytes {
		m.arena = nil
	}
	if cap(m.items) > mailKeepItems {
		m.items = nil
	}
	if m.room != nil {
		m.room.take(m)
	}
}

// TakeAll moves all that waits in another queue behind what waits in this one, and
// empties that.
func (m *Mail) TakeAll(from *Mail) {
	if len(m.items) == 0 && from.head == 0 {
		m.items, from.items = from.items, m.items
		m.arena, from.arena = from.arena, m.arena
		return
	}
	for in, ok := from.Pop(); ok; in, ok = from.Pop() {
		m.Push(in)
	}
	from.Recycle()
}

// each visits the waiting inputs, oldest first.
func (m *Mail) each(visit func(*Input)) {
	for i := m.head; i < len(m.items); i++ {
		visit(&m.items[i])
	}
}
