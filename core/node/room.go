package node

// Room is memory that idle queues leave to each other. A driver that runs many
// hosts on one goroutine gives them one room: what ten thousand idle clients would
// each keep is then a few buffers, which whoever is at work finds in the cache. A
// host without a room keeps its own.
type Room struct {
	mails   []mailRoom
	packets []packetRoom
}

type mailRoom struct {
	items []Input
	arena []byte
}

type packetRoom struct {
	packets []Packet
	arena   []byte
}

// maxRooms bounds the buffers of either kind that a room keeps; over it they are
// left to the collector. As many are in use at once as queues wait.
const maxRooms = 256

// lend moves a buffer out of the room, if it has one.
func (r *Room) lend(m *Mail) {
	if last := len(r.mails) - 1; last >= 0 {
		m.items, m.arena = r.mails[last].items, r.mails[last].arena
		r.mails = r.mails[:last]
	}
}

// take puts the buffers of an empty queue into the room.
func (r *Room) take(m *Mail) {
	if cap(m.items) > 0 && len(r.mails) < maxRooms {
		r.mails = append(r.mails, mailRoom{m.items, m.arena})
	}
	m.items, m.arena = nil, nil
}

func (r *Room) lendPackets(e *LaneEnv) {
	if last := len(r.packets) - 1; last >= 0 {
		e.packets, e.arena = r.packets[last].packets, r.packets[last].arena
		r.packets = r.packets[:last]
	}
}

func (r *Room) takePackets(e *LaneEnv) {
	if cap(e.packets) > 0 && len(r.packets) < maxRooms {
		r.packets = append(r.packets, packetRoom{e.packets, e.arena})
	}
	e.packets, e.arena = nil, nil
}
