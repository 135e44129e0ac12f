package session

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"

	"messiah/core/wire"
)

// key is a cipher state's key of Noise.
type key [32]byte

// sealer encrypts one direction of a session: AES-256-GCM with the sequence
// number as nonce, in the byte order that Noise has for AESGCM.
type sealer struct {
	aead  cipher.AEAD
	nonce [12]byte // kept here since what goes through an interface would be allocated each time
	key   key
}

func (s *sealer) init(k key) {
	block, err := aes.NewCipher(k[:])
	if err == nil {
		s.aead, err = cipher.NewGCM(block)
	}
	if err != nil {
		panic("session: AES-GCM does not take a 32-byte key: " + err.Error())
	}
	s.key = k
}

// code reads or writes the key, or that there is none. Whoever loads a key must
// be the only one to go on with it: two that seal with it repeat its nonces.
func (s *sealer) code(c *wire.Coder) {
	keyed := s.aead != nil
	c.Bool(&keyed)
	fixed(c, s.key[:])
	if c.Decoding() && keyed && c.Err() == nil {
		s.init(s.key)
	}
}

// seal encrypts the packet in place: its header stays, what follows becomes
// ciphertext, and the tag is appended.
func (s *sealer) seal(packet []byte, seq uint64) []byte {
	binary.BigEndian.PutUint64(s.nonce[4:], seq)
	return s.aead.Seal(packet[:headerLen], s.nonce[:], packet[headerLen:], packet[:headerLen])
}

// open appends the plaintext of a packet to dst, or says that it is forged.
func (s *sealer) open(dst, packet []byte, seq uint64) ([]byte, bool) {
	binary.BigEndian.PutUint64(s.nonce[4:], seq)
	plain, err := s.aead.Open(dst, s.nonce[:], packet[headerLen:], packet[:headerLen])
	return plain, err == nil
}

// replayWindow is how far behind the newest a datagram may be; older ones count as replayed.
const replayWindow = 1024

// window remembers which of the newest sequence numbers were seen. Numbers
// count from 1. The bit of number n is n modulo replayWindow.
type window struct {
	newest uint64
	seen   [replayWindow / 64]uint64
}

// fresh tells whether a number has not been seen and is not too old to know.
func (w *window) fresh(seq uint64) bool {
	switch {
	case seq > w.newest:
		return true
	case seq == 0 || w.newest-seq >= replayWindow:
		return false
	}
	return w.seen[seq%replayWindow/64]&(1<<(seq%64)) == 0
}

// add remembers a number that is fresh and whose packet is authentic.
func (w *window) add(seq uint64) {
	if seq > w.newest {
		if seq-w.newest >= replayWindow {
			w.seen = [replayWindow / 64]uint64{}
		} else {
			for n := w.newest + 1; n < seq; n++ {
				w.seen[n%replayWindow/64] &^= 1 << (n % 64)
			}
		}
		w.newest = seq
	}
	w.seen[seq%replayWindow/64] |= 1 << (seq % 64)
}

// code reads or writes the window.
func (w *window) code(c *wire.Coder) {
	c.Uint64(&w.newest)
	for i := range w.seen {
		c.Uint64(&w.seen[i])
	}
}
