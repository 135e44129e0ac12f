package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"net/netip"
	"time"

	"messiah/core/node"
	"messiah/core/wire"
)

// cookies makes and checks the stateless cookies of one lane: a code over the
// client's address, its random number and the time, under a key that never
// leaves the lane. What a client has to do before the lane keeps anything for
// it is to be at its address.
type cookies struct {
	key [32]byte
	mac hash.Hash // made of the key when first used
	sum []byte
}

// cookieFor is how long a cookie is good.
const cookieFor = 10 * time.Second

// draw makes the key, once.
func (k *cookies) draw(r *node.Rand) {
	for k.key == ([32]byte{}) {
		r.Read(k.key[:])
	}
}

// appendCookie appends the cookie for a client. The time counts in units of a
// second from one, so that the clock's start is as good as any other time.
func (k *cookies) appendCookie(b []byte, now node.Time, at node.Endpoint, random []byte) []byte {
	coarse := uint32(now/node.Time(time.Second)) + 1
	b = binary.LittleEndian.AppendUint32(b, coarse)
	return append(b, k.code(coarse, at, random)...)
}

// good tells whether a cookie is one of this lane's for this client, and young enough.
func (k *cookies) good(cookie []byte, now node.Time, at node.Endpoint, random []byte) bool {
	coarse := binary.LittleEndian.Uint32(cookie)
	age := uint32(now/node.Time(time.Second)) + 1 - coarse
	return age <= uint32(cookieFor/time.Second) && hmac.Equal(cookie[4:], k.code(coarse, at, random))
}

func (k *cookies) code(coarse uint32, at node.Endpoint, random []byte) []byte {
	k.sum = append(k.sum[:0], at.IP[:]...)
	k.sum = binary.LittleEndian.AppendUint16(k.sum, at.Port)
	k.sum = binary.LittleEndian.AppendUint32(k.sum, at.Stream)
	k.sum = binary.LittleEndian.AppendUint32(k.sum, coarse)
	k.sum = append(k.sum, random...)
	return k.digest()[:cookieLen-4]
}

// spread returns a number of the address that only who has the key can foresee.
func (k *cookies) spread(at *node.Endpoint) uint32 {
	k.sum = append(k.sum[:0], "share"...) // of another length than what a cookie covers
	if netip.AddrFrom16(at.IP).Is4In6() {
		k.sum = append(k.sum, at.IP[:]...)
	} else {
		k.sum = append(k.sum, at.IP[:8]...)
	}
	return binary.LittleEndian.Uint32(k.digest())
}

// digest replaces sum by its code.
func (k *cookies) digest() []byte {
	if k.mac == nil {
		k.mac = hmac.New(sha256.New, k.key[:])
	}
	k.mac.Reset()
	k.mac.Write(k.sum)
	k.sum = k.mac.Sum(k.sum[:0])
	return k.sum
}

// state reads or writes the key.
func (k *cookies) state(c *wire.Coder) {
	fixed(c, k.key[:])
	if c.Decoding() {
		k.mac = nil
	}
}
