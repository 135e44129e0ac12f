package session

import (
	"messiah/core/node"
	"messiah/core/wire"
)

// shares are the budgets of key exchanges by address, so that one host with a
// true address cannot use up the budget that all share. An address is all of
// an IPv4 one and the first half of an IPv6 one, as a customer has either.
// Addresses that fall together share a budget; a key spreads them, so that
// nobody can choose with whom.
type shares struct {
	buckets []bucket // made at the first use
}

// shareCount is how many budgets there are.
const shareCount = 4096

// of returns the budget of an address.
func (s *shares) of(k *cookies, at *node.Endpoint) *bucket {
	if s.buckets == nil {
		s.buckets = make([]bucket, shareCount)
	}
	return &s.buckets[k.spread(at)%shareCount]
}

// takeShare charges an address for one key exchange. Where it is over its
// budget the refusal says when to come again.
func (sh *Shard) takeShare(at *node.Endpoint) (r refusal, ok bool) {
	sh.cookies.draw(sh.env.Rand())
	now, b := sh.env.Now(), sh.shares.of(&sh.cookies, at)
	rate, burst := sh.cfg.AddressRate, sh.cfg.AddressBurst
	if b.take(now, 1, rate, burst) {
		return refusal{}, true
	}
	sh.env.Mark("address-over-its-share")
	return sh.busy(b.wait(now, 1, rate, burst)), false
}

// code reads or writes the budgets that were ever used, by place.
func (s *shares) code(c *wire.Coder) {
	type used struct {
		place uint32
		full  int64
	}
	var list []used
	for i, b := range s.buckets {
		if b.full != 0 {
			list = append(list, used{uint32(i), int64(b.full)})
		}
	}
	wire.Slice(c, &list, func(c *wire.Coder, u *used) {
		c.Uint32(&u.place)
		c.Int64(&u.full)
	})
	if !c.Decoding() {
		return
	}
	s.buckets = nil
	for i, u := range list {
		if u.place >= shareCount || u.full <= 0 || i > 0 && u.place <= list[i-1].place {
			c.Fail(errState)
			return
		}
		if s.buckets == nil {
			s.buckets = make([]bucket, shareCount)
		}
		s.buckets[u.place].full = node.Time(u.full)
	}
}
