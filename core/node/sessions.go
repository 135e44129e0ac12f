package node

import "messiah/core/planted"

// sessionState is the host's truth about one client session epoch.
type sessionState struct {
	alive     bool // its end has not been delivered to the host
	announced bool // the node has handled its beginning
}

// queueSession puts the beginning or end of a session where the node's choice
// of delivery wants it.
func (h *Host) queueSession(in *Input) {
	if h.cfg.Delivery == Immediate {
		h.urgent.Push(in)
		return
	}
	h.inbox.Push(in)
}

// admit decides at the entry of a handler whether the input is still true. What
// is not is withdrawn and counted; the node never hears of it.
func (h *Host) admit(in *Input) bool {
	switch in.Kind {
	case InConnected:
		s := h.sessions[in.Session]
		if h.cfg.Delivery == Immediate && !s.alive && !planted.On("connected-not-withdrawn") { // it is told all the same
			// Connected and disconnected before the loop came to either.
			h.env.Mark("session-withdrawn-unseen")
			h.withdrawn++
			return false
		}
		in.Flags &^= FlagAlive
		if s.alive || planted.On("alive-flag-lies") { // the end that waits behind is not looked at
			in.Flags |= FlagAlive
		}
		s.announced = true
		h.sessions[in.Session] = s
	case InDisconnected:
		s := h.sessions[in.Session]
		delete(h.sessions, in.Session)
		in.Flags &^= FlagAlive
		if !s.announced && !planted.On("end-without-beginning") { // the end of what was withdrawn is told
			h.withdrawn++
			return false
		}
	case InClient:
		alive := h.sessions[in.Session].alive || planted.On("message-after-end") // the session is not looked at
		if h.cfg.Delivery == Immediate && !alive {
			// The session ended while its message waited behind other work.
			h.env.Mark("client-message-withdrawn")
			h.withdrawn++
			return false
		}
	}
	return true
}

// Withdrawn returns how many queued inputs of ended sessions were taken back.
func (h *Host) Withdrawn() uint64 { return h.withdrawn }

// SessionAlive tells whether the host knows the session as alive, for inspection.
func (h *Host) SessionAlive(s Session) bool { return h.sessions[s].alive }

// Sessions returns how many session epochs the host has not yet settled with its node.
func (h *Host) Sessions() int { return len(h.sessions) }
