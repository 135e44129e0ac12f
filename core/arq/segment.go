package arq

import (
	"encoding/binary"

	kcp "github.com/xtaci/kcp-go/v5"
)

// segment is the head of one segment as it crosses the network, little-endian:
// conv 4, cmd 1, frg 1, wnd 2, ts 4, sn 4, una 4, len 4, then the data.
type segment struct {
	conversation uint32
	command      uint8
	fragments    uint8  // of the same message that follow
	number       uint32 // of this segment, or of the one acknowledged
	expected     uint32 // all before it have arrived
	length       uint32
}

const headLen = kcp.IKCP_OVERHEAD

// next takes the first segment off b; ok is false where b is malformed.
func next(b []byte) (s segment, rest []byte, ok bool) {
	if len(b) < headLen {
		return s, nil, false
	}
	s = segment{
		conversation: binary.LittleEndian.Uint32(b),
		command:      b[4],
		fragments:    b[5],
		number:       binary.LittleEndian.Uint32(b[12:]),
		expected:     binary.LittleEndian.Uint32(b[16:]),
		length:       binary.LittleEndian.Uint32(b[20:]),
	}
	rest = b[headLen:]
	if uint64(s.length) > uint64(len(rest)) {
		return s, nil, false
	}
	return s, rest[s.length:], true
}

// before tells whether one segment number comes before another. They wrap.
func before(a, b uint32) bool { return int32(a-b) < 0 }

// sound tells whether an honest other side can have sent the segment, where
// our own numbers have been used up to, but without, sent.
func (s *segment) sound(conversation, sent uint32) bool {
	if s.conversation != conversation || before(sent, s.expected) {
		return false
	}
	switch s.command {
	case kcp.IKCP_CMD_PUSH:
		// A message of more would fill the window and never be complete.
		return s.fragments < Window
	case kcp.IKCP_CMD_ACK:
		return s.length == 0 && before(s.number, sent)
	case kcp.IKCP_CMD_WASK, kcp.IKCP_CMD_WINS:
		return s.length == 0
	}
	return false
}
