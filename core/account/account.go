// Package account is what the store keeps of an account that logs in with a
// password: enough to tell whether a password is the right one, and nothing that
// gives it away.
package account

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"golang.org/x/crypto/argon2"

	"messiah/core/wire"
)

// Sizes in bytes.
const (
	DigestSize = sha256.Size
	SaltSize   = 16
	hashSize   = 32
)

// MinPassword and MaxPassword bound a password that is set, in bytes.
const (
	MinPassword = 8
	MaxPassword = 1024
)

// MaxReason bounds the reason of a block, in bytes.
const MaxReason = 128

// Forever is the Until of a block that does not end by itself.
const Forever int64 = 1<<63 - 1

// Cost is how dear a guess is: the parameters of argon2id (RFC 9106).
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// DefaultCost is for production: about 30 ms of one processor and 19 MiB.
func DefaultCost() Cost { return Cost{Memory: 19 << 10, Passes: 2, Threads: 1} }

// CheapCost is for simulated clusters and tests alone: some microseconds, and no protection.
func CheapCost() Cost { return Cost{Memory: 8, Passes: 1, Threads: 1} }

// Bounds of a Cost: what a record asks for in vain, whoever wrote it.
const (
	maxMemory  = 1 << 20
	maxPasses  = 64
	maxThreads = 16
)

// ErrCost says that a Cost is none that a hash can be made with.
var ErrCost = errors.New("account: the cost of a hash is out of bounds")

// Check returns ErrCost unless Memory is 8 to 2^20 KiB for each thread together, Passes 1 to 64 and Threads 1 to 16.
func (c Cost) Check() error {
	if c.Threads < 1 || c.Threads > maxThreads || c.Passes < 1 || c.Passes > maxPasses || c.Memory < 8*uint32(c.Threads) || c.Memory > maxMemory {
		return ErrCost
	}
	return nil
}

// Code reads or writes the cost.
func (c *Cost) Code(w *wire.Coder) {
	w.Uint32(&c.Memory)
	w.Uint32(&c.Passes)
	w.Uint8(&c.Threads)
	if w.Decoding() && w.Err() == nil && *c != (Cost{}) {
		if err := c.Check(); err != nil {
			w.Fail(err)
		}
	}
}

// Record is an account.
type Record struct {
	Cost   Cost
	Salt   []byte
	Hash   []byte // argon2id of the Digest
	Until  int64  // wall clock in nanoseconds since 1970 until which the account is blocked; 0: it is not
	Reason string // of the block, for its owner to read; at most MaxReason bytes
}

// Code reads or writes the record.
func (r *Record) Code(c *wire.Coder) {
	c.Struct(&r.Cost)
	c.Bytes(&r.Salt)
	c.Bytes(&r.Hash)
	c.Int64(&r.Until)
	c.String(&r.Reason)
}

// Digest is what travels between processes in the place of a password, and what is
// hashed: it is of no use to who would log in, and of one size.
func Digest(name, password string) [DigestSize]byte {
	h := sha256.New()
	h.Write([]byte("messiah account\x00"))
	h.Write([]byte(name))
	h.Write([]byte{0})
	h.Write([]byte(password))
	return [DigestSize]byte(h.Sum(nil))
}

// SetPassword makes the record one of a password, by a salt of SaltSize random bytes
// that no other record has. A Cost out of bounds is ErrCost.
func (r *Record) SetPassword(name, password string, salt []byte, cost Cost) error {
	if err := cost.Check(); err != nil {
		return err
	}
	digest := Digest(name, password)
	r.Cost, r.Salt = cost, append([]byte(nil), salt...)
	r.Hash = cost.hash(digest[:], salt)
	return nil
}

// Matches tells whether the digest is that of the record's password. It takes what the
// record's Cost says, so that loops leave it to a lane.
func (r *Record) Matches(digest []byte) bool {
	if r.Cost.Check() != nil || len(r.Hash) != hashSize {
		return false
	}
	return subtle.ConstantTimeCompare(r.Cost.hash(digest, r.Salt), r.Hash) == 1
}

// Blocked tells whether the account is blocked at a time of the wall clock, in nanoseconds since 1970.
func (r *Record) Blocked(wall int64) bool { return wall < r.Until }

func (c Cost) hash(digest, salt []byte) []byte {
	return argon2.IDKey(digest, salt, c.Passes, c.Memory, c.Threads, hashSize)
}
