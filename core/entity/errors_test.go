package entity

import (
	"errors"
	"fmt"
	"testing"

	"messiah/core/proto"
)

// What a method was told of a call of its own is not said of the call that it answers: of the
// engine's errors those alone pass by which a method may refuse.
func TestAMethodsEngineErrorIsNotTheOutcomeOfItsCall(t *testing.T) {
	passes := map[error]proto.Outcome{
		ErrDenied: proto.OutcomeDenied, ErrBadArgs: proto.OutcomeBadArgs, ErrFull: proto.OutcomeFull, ErrTooOften: proto.OutcomeTooOften,
	}
	all := []error{ErrNoPlace, ErrNoSpace, ErrGone, errors.New("of its own")}
	for i := range outcomes {
		all = append(all, outcomes[i].err)
	}
	for _, given := range all {
		for _, err := range []error{given, fmt.Errorf("within: %w", given)} {
			want, text := passes[given], ""
			if want == 0 {
				want, text = proto.OutcomeFailed, err.Error()
			}
			l := newLab(t, false)
			p, held := l.holder()
			l.call(p, "poke", 1, encoded[int64](t, 1))
			l.script["look"] = func(_ *puppet, c *Call) { Answer[int64](c, (*held)[0], 0, err) }
			l.call(p, "look", 2, encoded(t, None{})) // a held call
			l.script["poke"], l.fault = nil, err
			l.call(p, "poke", 3, encoded[int64](t, 1)) // and one that is answered by its method's return
			for _, a := range l.answers {
				if a.to.Num != 2 && (a.outcome != want || a.body != text) {
					t.Errorf("%v ends call %d in %v %q, want %v %q", err, a.to.Num, a.outcome, a.body, want, text)
				}
			}
			if got := ErrorOf(want, text); got.Error() != err.Error() && !errors.Is(given, got) {
				t.Errorf("the caller hears %v of %v", got, err)
			}
		}
	}
}
