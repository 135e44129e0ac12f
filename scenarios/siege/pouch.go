package siege

import (
	"messiah/core/addr"
	"messiah/core/entity"
	"messiah/core/wire"
)

// pouch is what a runner remembers of the letters that it wrote. It is not saved: who is
// loaded again begins anew. It moves with its runner.
type pouch struct {
	out  []lastLetter // the last letter by each address
	open []openLetter // letters under way
	last uint64       // key of the latest letter
	trip entity.Held  // the call by which it travels, 0 without one
	word uint64       // that somebody told it
}

type lastLetter struct {
	to addr.Address
	l  Letter
}

type openLetter struct {
	key uint64
	l   Letter
}

// next makes the next letter by an address.
func (p *pouch) next(c *entity.Call, to addr.Address) *Letter {
	w := p.by(to)
	if w == nil {
		p.out = append(p.out, lastLetter{to, Letter{Stream: c.Rand().Uint64()}})
		w = &p.out[len(p.out)-1]
	}
	w.l.N++
	p.last++
	p.open = append(p.open, openLetter{p.last, w.l})
	return &w.l
}

func (p *pouch) by(to addr.Address) *lastLetter {
	for i := range p.out {
		if p.out[i].to == to {
			return &p.out[i]
		}
	}
	return nil
}

// take takes a letter out whose outcome is known.
func (p *pouch) take(key uint64) (Letter, bool) {
	for i := range p.open {
		if p.open[i].key == key {
			l := p.open[i].l
			p.open = append(p.open[:i], p.open[i+1:]...)
			return l, true
		}
	}
	return Letter{}, false
}

// Code reads or writes the pouch.
func (p *pouch) Code(c *wire.Coder) {
	wire.Slice(c, &p.out, func(c *wire.Coder, w *lastLetter) {
		kind := uint8(w.to.Kind)
		c.Uint8(&kind)
		w.to.Kind = addr.AddressKind(kind)
		c.Bool(&w.to.Client)
		c.Struct(&w.to.Mailbox)
		c.Struct(&w.to.Proxy)
		c.String(&w.to.Stub)
		w.l.code(c)
	})
	wire.Slice(c, &p.open, func(c *wire.Coder, o *openLetter) {
		c.Uint64(&o.key)
		o.l.code(c)
	})
	c.Uint64(&p.last)
	c.Uint64((*uint64)(&p.trip))
	c.Uint64(&p.word)
}

func (l *Letter) code(c *wire.Coder) {
	c.Uint64(&l.Stream)
	c.Uint64(&l.N)
}
