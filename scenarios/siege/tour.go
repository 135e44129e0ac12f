package siege

import (
	"errors"
	"slices"
	"time"

	"messiah/core/addr"
	"messiah/core/check"
	"messiah/core/entity"
	"messiah/core/node"
)

// What clients that measure have their avatars do.
const (
	Tour  entity.Method[time.Duration, entity.None] = "tour"  // goes to another game every so often, and writes to a pal meanwhile
	Tales entity.Method[entity.None, check.Travels] = "tales" // answers with what became of that
)

const (
	setOff entity.Timer         = "set-off"
	write  entity.Timer         = "write"
	paired entity.Reply[Card]   = "paired"
	penned entity.Reply[uint64] = "penned"
)

// Bounds of a tour.
const (
	writeEvery = 50 * time.Millisecond
	toldWithin = 10 * time.Second // a letter of which nothing is heard for so long is lost
	maxOpen    = 64               // letters of one avatar under way; it waits
	maxPals    = 64               // streams of letters that an avatar follows; the oldest goes
)

// tour is what a travelling avatar knows. Every part of it moves with the avatar.
type tour struct {
	Life  uint64        // drawn when the avatar first travels: one that is loaded from its record knows nothing of these letters
	Every time.Duration // 0: it stays where it is
	Pal   Card
	Out   []Letter // the latest by each address of the pal
	In    []Letter // the latest of each stream that comes
	Tales check.Travels
}

// startTour has the avatar travel from now on, or no more where the time is 0. To say so
// twice changes nothing.
func (a *Avatar) startTour(c *entity.Call, every time.Duration) (entity.None, error) {
	switch {
	case every == 0:
		a.tour.Every = 0
		setOff.Cancel(c, a)
		write.Cancel(c, a)
		return entity.None{}, nil
	case every < time.Millisecond:
		return entity.None{}, entity.Refusal("a tour needs a millisecond between two journeys")
	}
	if a.tour.Life == 0 {
		a.tour.Life = 1 + c.Rand().Uint64()>>1
	}
	a.tour.Every = every
	setOff.After(c, a, every/2+time.Duration(c.Rand().IntN(int(every))))
	write.Every(c, a, writeEvery)
	Enter.Tell(c, addr.Stub(Directors), Entry{a.Account(), Card{a.Mailbox(c), a.Proxy()}})
	return entity.None{}, nil
}

func (a *Avatar) tales(*entity.Call, entity.None) (check.Travels, error) { return a.tour.Tales, nil }

// setOff goes to any other game. The timers of a tour are in the avatar's record, and the tour
// is not: one that is loaded waits for its client's word.
func (a *Avatar) setOff(c *entity.Call) {
	if a.tour.Every == 0 {
		return
	}
	games := slices.DeleteFunc(c.Games(), func(p node.Peer) bool { return p == c.Here() })
	if len(games) == 0 {
		setOff.After(c, a, a.tour.Every)
		return
	}
	err := c.Migrate(a, entity.Destination{Game: games[c.Rand().IntN(len(games))], Stay: true})
	if err != nil {
		setOff.After(c, a, a.tour.Every)
	}
}

// Arrived goes on with the tour.
func (a *Avatar) Arrived(c *entity.Call) {
	if a.tour.Every == 0 {
		return
	}
	a.tour.Tales.Journeys++
	setOff.After(c, a, a.tour.Every)
	Enter.Tell(c, addr.Stub(Directors), Entry{a.Account(), Card{a.Mailbox(c), a.Proxy()}})
}

// MigrationFailed tries again after a while.
func (a *Avatar) MigrationFailed(c *entity.Call, _ error) {
	if a.tour.Every == 0 {
		return
	}
	a.tour.Tales.Stayed++
	setOff.After(c, a, a.tour.Every)
}

// write writes a letter to each address of the pal, or looks for a pal.
func (a *Avatar) write(c *entity.Call) {
	t := &a.tour
	if t.Every == 0 {
		write.Cancel(c, a)
		return
	}
	if t.Pal == (Card{}) {
		LookUp.Ask(c, addr.Stub(Directors), a.Account(), paired)
		return
	}
	if t.Tales.Open() >= maxOpen {
		return
	}
	for i, via := range []Via{ByMailbox, ByProxy} {
		t.Out[i].N++
		t.Tales.Written++
		Note.Ask(c, t.Pal.target(via), t.Out[i], penned, entity.With{Key: t.Life, Within: toldWithin})
	}
}

// paired begins a stream of letters to each address of somebody.
func (a *Avatar) paired(c *entity.Call, pal Card, err error) {
	if err != nil || a.tour.Pal != (Card{}) || pal.Mailbox.IsZero() || pal.Proxy.IsZero() {
		return
	}
	a.tour.Pal = pal
	a.tour.Out = []Letter{{Stream: c.Rand().Uint64()}, {Stream: c.Rand().Uint64()}}
}

// penned notes how a letter ended. A pal that has another address is looked for again.
func (a *Avatar) penned(c *entity.Call, _ uint64, err error) {
	t := &a.tour.Tales
	switch {
	case c.Key() != a.tour.Life:
	case err == nil:
		t.Answered++
	case errors.Is(err, entity.ErrTimeout):
		t.Lost++
	case errors.Is(err, entity.ErrLost):
		t.Unknown++
	default:
		t.Refused++
		if errors.Is(err, entity.ErrStaleMailbox) || errors.Is(err, entity.ErrStaleProxy) {
			a.tour.Pal = Card{}
		}
	}
}

// note takes a letter, and looks whether it comes twice or out of order.
func (a *Avatar) note(_ *entity.Call, l Letter) (uint64, error) {
	t := &a.tour
	t.Tales.Taken++
	i := slices.IndexFunc(t.In, func(known Letter) bool { return known.Stream == l.Stream })
	if i < 0 {
		if len(t.In) >= maxPals {
			t.In = t.In[1:]
		}
		t.In = append(t.In, l)
		return l.N, nil
	}
	switch last := &t.In[i]; {
	case l.N == last.N:
		t.Tales.Doubled++
	case l.N < last.N:
		t.Tales.Reordered++
	default:
		*last = l
	}
	return l.N, nil
}

// maxBook bounds the travellers that the director knows; who entered first goes.
const maxBook = 1 << 14

// enter learns where a traveller lives.
func (d *Director) enter(_ *entity.Call, e Entry) (entity.None, error) {
	if d.at == nil {
		d.at = map[string]int{}
	}
	i, known := d.at[e.Name]
	switch {
	case known:
	case len(d.book) < maxBook:
		i, d.book = len(d.book), append(d.book, e)
	default:
		i = d.next
		d.next = (d.next + 1) % maxBook
		delete(d.at, d.book[i].Name)
	}
	d.at[e.Name], d.book[i] = i, e
	return entity.None{}, nil
}

// lookUp answers with where any other traveller lives.
func (d *Director) lookUp(c *entity.Call, name string) (Card, error) {
	if len(d.book) == 0 {
		return Card{}, nil
	}
	e := d.book[c.Rand().IntN(len(d.book))]
	if e.Name == name {
		return Card{}, nil
	}
	return e.Card, nil
}
