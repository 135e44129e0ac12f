package session

import (
	"crypto/subtle"
	"encoding/binary"

	"messiah/core/node"
	"messiah/core/wire"
)

// The types of packets, their first byte. Bytes 1 to 4 lead to the lane that
// holds, or shall hold, the session.
const (
	packetHello  = 1 + iota // client: random, protocol range, padding
	packetCookie            // server: random, cookie
	packetInit              // client: random, cookie, Noise message 1
	packetAccept            // server: random, Noise message 2
	packetRefuse            // server: random, reason, retry-after, older side
	packetSealed            // both: epoch, sequence number, ciphertext
)

// The layout of packets, in bytes.
const (
	prefixLen  = 1 + 4
	randomLen  = 8
	cookieLen  = 4 + 16
	helloLen   = 256 // at the least, so that no answer is longer than its question
	headerLen  = prefixLen + 4 + 8
	tagLen     = 16
	overhead   = headerLen + tagLen
	initHead   = prefixLen + randomLen + cookieLen
	acceptHead = prefixLen + randomLen
	refuseLen  = acceptHead + 2 + 4 + 1
	maxInit    = 512 // the longest Noise message that is looked at
)

// The protocol of this package, as a range that a hello names.
const (
	protocolMin = 1
	protocolMax = 1
)

// ShardOf returns which of the lanes a packet of a client belongs to. Each
// lane takes packets of any kind, so that a short packet may go to the first.
func ShardOf(packet []byte, lanes int) int {
	if len(packet) < prefixLen {
		return 0
	}
	return int(packet[4]) % lanes
}

// hintOf is the part of a session's name that stands in bytes 1 to 4.
func hintOf(s node.Session) uint32 {
	return uint32(s.Shard())<<24 | uint32(s.Slot())
}

func appendPrefix(b []byte, typ byte, hint uint32) []byte {
	return binary.LittleEndian.AppendUint32(append(b, typ), hint)
}

func appendHello(b []byte, hint uint32, random [randomLen]byte) []byte {
	b = append(appendPrefix(b, packetHello, hint), random[:]...)
	b = binary.LittleEndian.AppendUint16(b, protocolMin)
	b = binary.LittleEndian.AppendUint16(b, protocolMax)
	return append(b, make([]byte, helloLen-len(b))...)
}

func appendCookie(b []byte, hint uint32, random, cookie []byte) []byte {
	b = append(appendPrefix(b, packetCookie, hint), random...)
	return append(b, cookie...)
}

func appendRefuse(b []byte, hint uint32, random []byte, r refusal) []byte {
	b = append(appendPrefix(b, packetRefuse, hint), random...)
	b = binary.LittleEndian.AppendUint16(b, uint16(r.reason))
	b = binary.LittleEndian.AppendUint32(b, r.retryMillis)
	return append(b, r.older)
}

// The older side, as a refusal for versions names it.
const (
	olderNone = iota
	olderClient
	olderServer
	olderEnd
)

// olderNames is the older side as the loop hears of it.
var olderNames = [olderEnd]string{"", OlderClient, OlderServer}

// olderOf returns the older side as the server, which is the first, tells it.
func olderOf(side wire.Side) byte {
	switch side {
	case wire.First:
		return olderServer
	case wire.Second:
		return olderClient
	}
	return olderNone
}

// refusal is why a handshake ends.
type refusal struct {
	reason      Reason
	retryMillis uint32
	older       byte
}

func parseRefuse(b []byte) (r refusal, ok bool) {
	if len(b) < refuseLen {
		return r, false
	}
	b = b[acceptHead:]
	r.reason = Reason(binary.LittleEndian.Uint16(b))
	r.retryMillis = binary.LittleEndian.Uint32(b[2:])
	if r.older = b[6]; r.older >= olderEnd {
		r.older = olderNone
	}
	return r, true
}

// sealedName returns the session that a sealed packet names, and its sequence number.
func sealedName(b []byte) (s node.Session, seq uint64, ok bool) {
	if len(b) < overhead {
		return 0, 0, false
	}
	hint := binary.LittleEndian.Uint32(b[1:])
	epoch := binary.LittleEndian.Uint32(b[prefixLen:])
	seq = binary.LittleEndian.Uint64(b[prefixLen+4:])
	return node.NewSession(int(hint>>24), int(hint&0xffffff), epoch), seq, true
}

// putHeader writes the header of a sealed packet into b, which has room for it.
func putHeader(b []byte, s node.Session, seq uint64) {
	b[0] = packetSealed
	binary.LittleEndian.PutUint32(b[1:], hintOf(s))
	binary.LittleEndian.PutUint32(b[prefixLen:], s.Epoch())
	binary.LittleEndian.PutUint64(b[prefixLen+4:], seq)
}

// The kinds of plaintext, its first byte.
const (
	kindBatch   = 1 + iota // flags, acknowledgement, messages
	kindARQ                // segments of the ARQ
	kindLatest             // packets since the flush began, latest-wins messages
	kindPing               // 8 bytes that the pong returns
	kindPong               // the bytes of the ping
	kindClose              // reason
	kindToken              // token
	kindBegin              // fresh or resume, token, old session, received
	kindResumed            // received, token
	kindRefused            // reason
)

// The first byte of a begin.
const (
	beginFresh = iota
	beginResume
)

const beginLen = 1 + 16 + 8 + 8

// claim is what a client presents to resume a login.
type claim struct {
	token    token
	session  node.Session
	received uint64
}

func appendBegin(b []byte, how byte, c claim) []byte {
	b = append(b, kindBegin, how)
	b = append(b, c.token[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(c.session))
	return binary.LittleEndian.AppendUint64(b, c.received)
}

func parseBegin(b []byte) (how byte, c claim, ok bool) {
	if len(b) != beginLen || b[0] > beginResume {
		return 0, c, false
	}
	copy(c.token[:], b[1:])
	c.session = node.Session(binary.LittleEndian.Uint64(b[17:]))
	c.received = binary.LittleEndian.Uint64(b[25:])
	return b[0], c, true
}

const resumedLen = 8 + 16

func appendResumed(b []byte, received uint64, t token) []byte {
	b = binary.LittleEndian.AppendUint64(append(b, kindResumed), received)
	return append(b, t[:]...)
}

func parseResumed(b []byte) (received uint64, t token, ok bool) {
	if len(b) != resumedLen {
		return 0, t, false
	}
	copy(t[:], b[8:])
	return binary.LittleEndian.Uint64(b), t, true
}

func appendReason(b []byte, kind byte, r Reason) []byte {
	return binary.LittleEndian.AppendUint16(append(b, kind), uint16(r))
}

func parseReason(b []byte) (Reason, bool) {
	if len(b) != 2 {
		return 0, false
	}
	return Reason(binary.LittleEndian.Uint16(b)), true
}

// same compares two tokens in a time that tells nothing of where they differ.
func (t *token) same(u *token) bool {
	return subtle.ConstantTimeCompare(t[:], u[:]) == 1
}
