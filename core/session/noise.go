package session

import (
	"bytes"
	"crypto/ecdh"
	"io"

	"github.com/flynn/noise"

	"messiah/core/wire"
)

// KeyPair is a gate's static key: X25519.
type KeyPair struct {
	Private, Public [32]byte
}

// NewKeyPair makes a key pair from 32 bytes of the random source.
func NewKeyPair(random io.Reader) (KeyPair, error) {
	var pair KeyPair
	if _, err := io.ReadFull(random, pair.Private[:]); err != nil {
		return pair, err
	}
	return KeyPairOf(pair.Private)
}

// KeyPairOf returns the pair of a private key that was kept.
func KeyPairOf(private [32]byte) (KeyPair, error) {
	k, err := ecdh.X25519().NewPrivateKey(private[:])
	if err != nil {
		return KeyPair{}, err
	}
	pair := KeyPair{Private: private}
	copy(pair.Public[:], k.PublicKey().Bytes())
	return pair, nil
}

// initPayload is what a client says inside the first Noise message.
type initPayload struct {
	version wire.Version
	conv    uint32
}

// Code reads or writes the payload.
func (m *initPayload) Code(c *wire.Coder) {
	m.version.Code(c)
	c.Uint32(&m.conv)
}

// acceptPayload is what the server says inside the second.
type acceptPayload struct {
	session uint64
	verdict uint8
}

// Code reads or writes the payload.
func (m *acceptPayload) Code(c *wire.Coder) {
	c.Uint64(&m.session)
	c.Uint8(&m.verdict)
}

// noiseState is one side of a key exchange under way.
type noiseState = noise.HandshakeState

// noiseConfig is Noise_NK_25519_AESGCM_BLAKE2s, bound to the client's random number.
func noiseConfig(random [randomLen]byte, entropy io.Reader) noise.Config {
	return noise.Config{
		CipherSuite: noise.NewCipherSuite(noise.DH25519, noise.CipherAESGCM, noise.HashBLAKE2s),
		Pattern:     noise.HandshakeNK,
		Random:      entropy,
		Prologue:    append([]byte("messiah session 1 "), random[:]...),
	}
}

// initiate makes the client's half of a handshake and its first message. It
// depends on its arguments alone, so that the half can be made again.
func initiate(server [32]byte, random [randomLen]byte, ephemeral [32]byte, payload *initPayload) (*noiseState, []byte) {
	cfg := noiseConfig(random, bytes.NewReader(ephemeral[:]))
	cfg.Initiator = true
	cfg.PeerStatic = server[:]
	hs, err := noise.NewHandshakeState(cfg)
	if err != nil {
		panic("session: Noise does not start: " + err.Error())
	}
	message, _, _, err := hs.WriteMessage(nil, wire.Append(nil, payload))
	if err != nil {
		return nil, nil // the pinned key is no point that keys can be made with
	}
	return hs, message
}

// respond makes the server's half and reads the client's first message.
func respond(static *KeyPair, random [randomLen]byte, entropy io.Reader, message []byte) (*noiseState, *initPayload) {
	cfg := noiseConfig(random, entropy)
	cfg.StaticKeypair = noise.DHKey{Private: static.Private[:], Public: static.Public[:]}
	hs, err := noise.NewHandshakeState(cfg)
	if err != nil {
		panic("session: Noise does not start: " + err.Error())
	}
	plain, _, _, err := hs.ReadMessage(nil, message)
	if err != nil {
		return nil, nil
	}
	payload := &initPayload{}
	if wire.Decode(plain, payload) != nil {
		return nil, nil
	}
	return hs, payload
}

// accept writes the server's message and returns the keys of both directions.
func accept(hs *noiseState, payload *acceptPayload) (message []byte, toServer, toClient key, ok bool) {
	message, up, down, err := hs.WriteMessage(nil, wire.Append(nil, payload))
	if err != nil {
		return nil, key{}, key{}, false
	}
	return message, up.UnsafeKey(), down.UnsafeKey(), true
}

// complete reads the server's message and returns the keys of both directions.
func complete(hs *noiseState, message []byte) (payload acceptPayload, toServer, toClient key, ok bool) {
	plain, up, down, err := hs.ReadMessage(nil, message)
	if err != nil || wire.Decode(plain, &payload) != nil {
		return payload, key{}, key{}, false
	}
	return payload, up.UnsafeKey(), down.UnsafeKey(), true
}
