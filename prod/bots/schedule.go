package bots

import "messiah/core/node"

// schedule is a heap of the times at which bots want to be looked at. A bot is
// in it once: an earlier time moves it up; a later one is found out when the
// earlier comes, so that traffic costs no heap work.
type schedule struct {
	heap  []appointment
	place []int32 // by bot: its place in the heap plus one, or 0
}

type appointment struct {
	at  node.Time
	bot int32
}

// want sees to it that a bot comes up at a time or earlier.
func (s *schedule) want(bot int, at node.Time) {
	if at == node.Never {
		return
	}
	for len(s.place) <= bot {
		s.place = append(s.place, 0)
	}
	i := int(s.place[bot]) - 1
	if i < 0 {
		s.heap = append(s.heap, appointment{})
		i = len(s.heap) - 1
	} else if s.heap[i].at <= at {
		return
	}
	s.up(i, appointment{at, int32(bot)})
}

// due takes out one bot whose time has come.
func (s *schedule) due(now node.Time) (bot int, ok bool) {
	if len(s.heap) == 0 || s.heap[0].at > now {
		return 0, false
	}
	bot = int(s.heap[0].bot)
	s.place[bot] = 0
	last := len(s.heap) - 1
	moved := s.heap[last]
	s.heap = s.heap[:last]
	if last > 0 {
		s.down(moved)
	}
	return bot, true
}

// next returns the earliest time, or node.Never.
func (s *schedule) next() node.Time {
	if len(s.heap) == 0 {
		return node.Never
	}
	return s.heap[0].at
}

func (s *schedule) put(i int, a appointment) {
	s.heap[i] = a
	s.place[a.bot] = int32(i) + 1
}

func (s *schedule) up(i int, a appointment) {
	for i > 0 && a.at < s.heap[(i-1)/2].at {
		s.put(i, s.heap[(i-1)/2])
		i = (i - 1) / 2
	}
	s.put(i, a)
}

// down puts a into the place of the first, and lower as far as it belongs.
func (s *schedule) down(a appointment) {
	i := 0
	for {
		child := 2*i + 1
		if child+1 < len(s.heap) && s.heap[child+1].at < s.heap[child].at {
			child++
		}
		if child >= len(s.heap) || s.heap[child].at >= a.at {
			break
		}
		s.put(i, s.heap[child])
		i = child
	}
	s.put(i, a)
}
