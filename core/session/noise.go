package session

import (
	"bytes"
	"crypto/ecdh"
	"crypto/subtle"
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
	pair := KeyPair{Private: private}
	copy(pair.Public[:], pair.static().PublicKey().Bytes())
	return pair, nil
}

// static sets the private key up for exchanges.
func (p *KeyPair) static() *ecdh.PrivateKey {
	k, err := ecdh.X25519().NewPrivateKey(p.Private[:])
	if err != nil {
		panic("session: X25519 does not take a 32-byte key: " + err.Error())
	}
	return k
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
	older   uint8 // the side that is, where the verdict is compatible
}

// Code reads or writes the payload.
func (m *acceptPayload) Code(c *wire.Coder) {
	c.Uint64(&m.session)
	c.Uint8(&m.verdict)
	c.Uint8(&m.older)
}

// dh is X25519 for one handshake. The library's own sets a private key up anew,
// which costs as much as the exchange itself, each time that it is used.
type dh struct {
	static    *ecdh.PrivateKey // of a server, else nil
	ephemeral *ecdh.PrivateKey
}

// GenerateKeypair makes the ephemeral key.
func (d *dh) GenerateKeypair(random io.Reader) (noise.DHKey, error) {
	private := make([]byte, 32)
	if _, err := io.ReadFull(random, private); err != nil {
		return noise.DHKey{}, err
	}
	k, err := ecdh.X25519().NewPrivateKey(private)
	if err != nil {
		return noise.DHKey{}, err
	}
	d.ephemeral = k
	return noise.DHKey{Private: private, Public: k.PublicKey().Bytes()}, nil
}

// DH makes the secret that is shared with a public key; a key of low order is an error.
func (d *dh) DH(private, public []byte) ([]byte, error) {
	remote, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	k := d.ephemeral
	if d.static != nil && (k == nil || subtle.ConstantTimeCompare(private, d.static.Bytes()) == 1) {
		k = d.static
	}
	return k.ECDH(remote)
}

// DHLen returns the length of a key in bytes.
func (d *dh) DHLen() int { return 32 }

// DHName returns the name that Noise has for X25519.
func (d *dh) DHName() string { return "25519" }

// noiseState is one side of a key exchange under way.
type noiseState = noise.HandshakeState

// noiseConfig is Noise_NK_25519_AESGCM_BLAKE2s, bound to the client's random number.
func noiseConfig(static *ecdh.PrivateKey, random [randomLen]byte, entropy io.Reader) noise.Config {
	return noise.Config{
		CipherSuite: noise.NewCipherSuite(&dh{static: static}, noise.CipherAESGCM, noise.HashBLAKE2s),
		Pattern:     noise.HandshakeNK,
		Random:      entropy,
		Prologue:    append([]byte("messiah session 1 "), random[:]...),
	}
}

// initiate makes the client's half of a handshake and its first message. It
// depends on its arguments alone, so that the half can be made again.
func initiate(server [32]byte, random [randomLen]byte, ephemeral [32]byte, payload *initPayload) (*noiseState, []byte) {
	cfg := noiseConfig(nil, random, bytes.NewReader(ephemeral[:]))
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
func respond(static *ecdh.PrivateKey, random [randomLen]byte, entropy io.Reader, message []byte) (*noiseState, *initPayload) {
	cfg := noiseConfig(static, random, entropy)
	cfg.StaticKeypair = noise.DHKey{Private: static.Bytes(), Public: static.PublicKey().Bytes()}
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
