package session

import (
	"encoding/binary"
	"time"

	"messiah/core/node"
	"messiah/core/wire"
)

// packetIn sorts a packet out by its type.
func (sh *Shard) packetIn(in *node.Input) {
	if len(in.Body) < prefixLen {
		sh.nonsense(in)
		return
	}
	switch in.Body[0] {
	case packetSealed:
		sh.sealedIn(in)
	case packetHello:
		sh.hello(in)
	case packetInit:
		sh.init(in)
	default:
		sh.nonsense(in)
	}
}

// nonsense drops a packet that is none of ours. On a connection it ends what
// goes over it, since an ordered transport does not garble.
func (sh *Shard) nonsense(in *node.Input) {
	sh.counters.Nonsense++
	if in.Endpoint.Stream == 0 {
		return
	}
	if s := sh.streams[in.Endpoint.Stream]; s != nil {
		sh.lose(s, ReasonForged)
		return
	}
	sh.env.CloseStream(in.Endpoint)
}

// hello answers a client that is new here with a cookie. For a datagram nothing
// is kept; a connection is given a place among the unfinished handshakes.
func (sh *Shard) hello(in *node.Input) {
	b := in.Body
	if len(b) < helloLen || in.Endpoint.Stream == 0 && sh.newARQ == nil {
		sh.nonsense(in)
		return
	}
	hint, random := binary.LittleEndian.Uint32(b[1:]), b[prefixLen:prefixLen+randomLen]
	least := binary.LittleEndian.Uint16(b[prefixLen+randomLen:])
	most := binary.LittleEndian.Uint16(b[prefixLen+randomLen+2:])
	if least > protocolMax || most < protocolMin {
		r := refusal{reason: ReasonVersion, older: olderClient}
		if least > protocolMax {
			r.older = olderServer
		}
		sh.refuse(in, hint, random, r)
		return
	}
	if in.Endpoint.Stream != 0 && !sh.greet(in) {
		return
	}
	sh.cookies.draw(sh.env.Rand())
	var cookie [cookieLen]byte
	made := sh.cookies.appendCookie(cookie[:0], sh.env.Now(), in.Endpoint, random)
	sh.packet = appendCookie(sh.packet[:0], hint, random, made)
	sh.env.Transmit(in.Endpoint, sh.packet)
}

// greet gives a connection its place; false says that it was ended.
func (sh *Shard) greet(in *node.Input) bool {
	if s := sh.streams[in.Endpoint.Stream]; s != nil {
		if s.state == stateGreeted {
			return true
		}
		sh.nonsense(in)
		return false
	}
	r, ok := sh.takeShare(&in.Endpoint)
	if ok {
		if s := sh.newSession(stateGreeted, in.Endpoint); s != nil {
			sh.enterHalf(s)
			return true
		}
		r = sh.busy(0)
	}
	sh.refuse(in, binary.LittleEndian.Uint32(in.Body[1:]), in.Body[prefixLen:prefixLen+randomLen], r)
	return false
}

// refuse ends a handshake with a reason, and the connection that it came over.
func (sh *Shard) refuse(in *node.Input, hint uint32, random []byte, r refusal) {
	sh.counters.Refused++
	sh.packet = appendRefuse(sh.packet[:0], hint, random, r)
	sh.env.Transmit(in.Endpoint, sh.packet)
	if in.Endpoint.Stream == 0 {
		return
	}
	if s := sh.streams[in.Endpoint.Stream]; s != nil {
		sh.end(s, r.reason)
		return
	}
	sh.env.CloseStream(in.Endpoint)
}

// retrySpread is over how long refused clients are told to spread their next tries.
const retrySpread = time.Second

// busy is the refusal of a server that cannot take more at the moment. The
// time to wait is drawn, so that the refused do not come back all at once.
func (sh *Shard) busy(wait time.Duration) refusal {
	spread := sh.env.Rand().IntN(int(retrySpread / time.Millisecond))
	return refusal{reason: ReasonBusy, retryMillis: uint32(wait/time.Millisecond) + uint32(spread) + 1}
}

// init makes a session of a client that has shown its cookie.
func (sh *Shard) init(in *node.Input) {
	b := in.Body
	if len(b) < initHead || len(b) > initHead+maxInit {
		sh.nonsense(in)
		return
	}
	key := initKey{at: in.Endpoint}
	copy(key.random[:], b[prefixLen:])
	if s := sh.inits[key]; s != nil {
		if s.accept != nil && len(s.accept) <= len(b) {
			// The accept was lost, or is on its way: the same again, without a second handshake.
			sh.env.Mark("init-again")
			sh.env.Transmit(in.Endpoint, s.accept)
		}
		return
	}
	sh.cookies.draw(sh.env.Rand())
	if !sh.cookies.good(b[prefixLen+randomLen:initHead], sh.env.Now(), in.Endpoint, key.random[:]) {
		sh.counters.BadCookies++
		sh.nonsense(in)
		return
	}
	if s := sh.streams[in.Endpoint.Stream]; in.Endpoint.Stream != 0 && (s == nil || s.state != stateGreeted) {
		sh.nonsense(in)
		return
	}
	if r, ok := sh.afford(in); !ok {
		sh.refuseInit(in, key, r)
		return
	}
	sh.exchange(in, key)
}

// afford tells whether there is room for one more session, and budget for its
// key exchange. A stream has its room, and has paid for its address, since its hello.
func (sh *Shard) afford(in *node.Input) (r refusal, ok bool) {
	if in.Endpoint.Stream == 0 {
		if sh.live >= sh.cfg.MaxSessions {
			return sh.busy(0), false
		}
		if r, ok = sh.takeShare(&in.Endpoint); !ok {
			return r, false
		}
	}
	now, rate, burst := sh.env.Now(), sh.cfg.HandshakeRate, sh.cfg.HandshakeBurst
	if !sh.handshakes.take(now, 1, rate, burst) {
		return sh.busy(sh.handshakes.wait(now, 1, rate, burst)), false
	}
	return refusal{}, true
}

func (sh *Shard) refuseInit(in *node.Input, key initKey, r refusal) {
	sh.refuse(in, binary.LittleEndian.Uint32(in.Body[1:]), key.random[:], r)
}

// exchange does the costly part of a handshake.
func (sh *Shard) exchange(in *node.Input, key initKey) {
	hs, hello := respond(sh.static, key.random, sh.env.Rand(), in.Body[initHead:])
	if hs == nil {
		sh.refuseInit(in, key, refusal{reason: ReasonKey})
		return
	}
	verdict, older := wire.Compare(sh.cfg.Version, hello.version)
	if verdict == wire.Refused {
		sh.refuseInit(in, key, refusal{reason: ReasonVersion, older: olderOf(older)})
		return
	}
	s := sh.streams[in.Endpoint.Stream]
	if in.Endpoint.Stream == 0 {
		s = sh.newSession(stateAccepted, in.Endpoint)
	}
	message, toServer, toClient, ok := accept(hs, &acceptPayload{uint64(s.id), uint8(verdict), olderOf(older)})
	if !ok {
		if !s.stream() {
			sh.end(s, ReasonKey)
		}
		sh.refuseInit(in, key, refusal{reason: ReasonKey})
		return
	}
	sh.counters.Handshakes++
	s.state, s.init, s.conv, s.version = stateAccepted, key, hello.conv, versionBody(&hello.version)
	s.attach(s.id, in.Endpoint, toClient, toServer)
	hint := binary.LittleEndian.Uint32(in.Body[1:])
	s.accept = append(append(appendPrefix(nil, packetAccept, hint), key.random[:]...), message...)
	sh.inits[key] = s
	sh.enterHalf(s)
	sh.env.Transmit(in.Endpoint, s.accept)
}
