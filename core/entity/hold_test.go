package entity

import (
	"errors"
	"testing"

	"messiah/core/proto"
)

// holder returns a puppet whose poke is held; what it is held as stands in the result.
func (l *lab) holder() (*puppet, *[]Held) {
	p := l.puppet("holder")
	var held []Held
	l.script["poke"] = func(p *puppet, c *Call) {
		h, err := c.Hold()
		if err != nil {
			l.fault = err
			return
		}
		held = append(held, h)
	}
	return p, &held
}

func TestAHeldCallIsAnsweredOnce(t *testing.T) {
	l := newLab(t, false)
	p, held := l.holder()
	for i := range uint64(3) {
		l.call(p, "poke", i, encoded[int64](t, 1))
	}
	l.ended()
	answer := func(h Held, n int64, err error) {
		l.script["look"] = func(p *puppet, c *Call) { Answer(c, h, n, err) }
		l.call(p, "look", 99, encoded(t, None{}))
		if last := len(l.answers) - 1; l.answers[last].to.Num != 99 {
			t.Errorf("the last answer is %+v", l.answers[last])
		} else {
			l.answers = l.answers[:last]
		}
	}
	answer((*held)[1], 8, nil)
	answer((*held)[1], 9, nil)
	answer((*held)[0], 0, errors.New("no luck"))
	answer(0, 9, nil)
	answer(77, 9, nil)
	if len(l.answers) != 2 || l.answers[0].to.Num != 1 || l.answers[0].body != string(encoded[int64](t, 8)) ||
		l.answers[1].to.Num != 0 || l.answers[1].outcome != proto.OutcomeFailed || l.answers[1].body != "no luck" {
		t.Errorf("answers are %+v", l.answers)
	}
	if n := l.world.Inspect().Held; n != 1 {
		t.Errorf("%d calls are held", n)
	}
}

// However its method goes on, a call that was held has one answer.
func TestAHeldCallWhoseMethodGoesOnHasOneAnswer(t *testing.T) {
	hold := func(t *testing.T, c *Call) Held {
		h, err := c.Hold()
		if err != nil {
			t.Error(err)
		}
		return h
	}
	for name, c := range map[string]struct {
		do    func(t *testing.T, p *puppet, c *Call)
		fault error
		want  proto.Outcome
		gone  bool
	}{
		"held twice, answered twice": {func(t *testing.T, p *puppet, c *Call) {
			a, b := hold(t, c), hold(t, c)
			if a != b {
				t.Errorf("held as %d and as %d", a, b)
			}
			Answer(c, a, int64(5), nil)
			Answer(c, b, int64(6), nil)
		}, nil, proto.OutcomeOK, false},
		"held, and failed":             {func(t *testing.T, p *puppet, c *Call) { hold(t, c) }, errors.New("no"), proto.OutcomeFailed, false},
		"held, answered, and failed":   {func(t *testing.T, p *puppet, c *Call) { Answer(c, hold(t, c), int64(5), nil) }, errors.New("no"), proto.OutcomeOK, false},
		"held, and panicked":           {func(t *testing.T, p *puppet, c *Call) { hold(t, c); panic("no") }, nil, proto.OutcomePanicked, true},
		"held, answered, and panicked": {func(t *testing.T, p *puppet, c *Call) { Answer(c, hold(t, c), int64(5), nil); panic("no") }, nil, proto.OutcomeOK, true},
		"held, and ended":              {func(t *testing.T, p *puppet, c *Call) { hold(t, c); c.Destroy(p) }, nil, proto.OutcomeUnknown, true},
		"held, ended, and failed":      {func(t *testing.T, p *puppet, c *Call) { hold(t, c); c.Destroy(p) }, errors.New("no"), proto.OutcomeFailed, true},
		"a result of another type":     {func(t *testing.T, p *puppet, c *Call) { Answer(c, hold(t, c), "text", nil) }, nil, proto.OutcomePanicked, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, true)
			p, _ := l.holder()
			l.call(p, "poke", 1, encoded[int64](t, 1)) // another one that is held meanwhile
			l.script["poke"] = func(p *puppet, call *Call) { c.do(t, p, call) }
			l.fault = c.fault
			l.call(p, "poke", 2, encoded[int64](t, 1))
			ofTwo := 0
			for _, a := range l.answers {
				if a.to.Num == 2 {
					ofTwo++
					if a.outcome != c.want {
						t.Errorf("the outcome is %v, want %v", a.outcome, c.want)
					}
				}
			}
			left := 1
			if c.gone {
				left = 0
			}
			if held := l.world.Inspect().Held; ofTwo != 1 || held != left || l.resident(p).Gone() != c.gone {
				t.Errorf("%d answers, %d held, gone %v", ofTwo, held, l.resident(p).Gone())
			}
			if c.gone != (len(l.answers) == 2) {
				t.Errorf("with the other one, %d answers", len(l.answers))
			}
		})
	}
}

func TestHeldCallsHaveABound(t *testing.T) {
	l := newLab(t, false)
	p, held := l.holder()
	for i := range uint64(MaxHeld) {
		l.call(p, "poke", i, encoded[int64](t, 1))
	}
	l.ended()
	l.call(p, "poke", 1000, encoded[int64](t, 1))
	l.ended(proto.OutcomeFull)
	if len(*held) != MaxHeld {
		t.Errorf("%d are held", len(*held))
	}
	l.code(func(c *Call) { c.Destroy(p) })
	if len(l.answers) != MaxHeld {
		t.Errorf("the end of the entity answered %d", len(l.answers))
	}
	for _, a := range l.answers {
		if a.outcome != proto.OutcomeUnknown {
			t.Fatalf("outcome %v: the method has run", a.outcome)
		}
	}
	l.nothingLeft(0)
}

func TestOnlyACallIsHeld(t *testing.T) {
	l := newLab(t, false)
	p := l.puppet("ann")
	l.script["tick 0"] = func(_ *puppet, c *Call) { _, _ = c.Hold() }
	l.code(func(c *Call) {
		Answer(c, 1, int64(1), nil) // nobody holds anything here
		tick.After(c, p, 1)
	})
	wantPanic(t, func() { l.wait(2) }, "no call runs that could be held")
}
