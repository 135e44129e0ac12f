package entity

import (
	"errors"

	"messiah/core/proto"
)

// Errors by which a call ends that gives no result. Where one says that nothing
// ran, nothing did; ErrLost and ErrTimeout leave it open.
var (
	ErrStaleMailbox = errors.New("entity: the mailbox is stale: the entity is not there any more")
	ErrStaleProxy   = errors.New("entity: the proxy is stale: its gate knows no such client")
	ErrNoClient     = errors.New("entity: the address leads to no client")
	ErrNoStub       = errors.New("entity: no stub of that name lives now")
	ErrAway         = errors.New("entity: the avatar is not there now")
	ErrLost         = errors.New("entity: a crash hides whether the call ran")
	ErrTimeout      = errors.New("entity: no answer in time; the call may have run")
	ErrFull         = errors.New("entity: a queue on the way is at its bound; nothing ran")
	ErrNoMethod     = errors.New("entity: no such method")
	ErrDenied       = errors.New("entity: the caller may not call this method")
	ErrTooOften     = errors.New("entity: called more often than the method allows")
	ErrBadArgs      = errors.New("entity: the argument does not fit the method")
	ErrNameTaken    = errors.New("entity: the name is another record's")
	ErrNoRecord     = errors.New("entity: no such record")
	ErrNoPlace      = errors.New("entity: the position is no place")
	ErrNoSpace      = errors.New("entity: no such space on this game")
	ErrMoving       = errors.New("entity: the entity is on its way to another game")
	ErrSameGame     = errors.New("entity: the entity is on that game already: Teleport moves it there")
	ErrGone         = errors.New("entity: the entity has ended")
	ErrPanicked     = errors.New("entity: the method panicked; its entity is gone")
)

// errNoClass is a state with an entity of a class that this build does not have.
var errNoClass = errors.New("entity: an entity of an unknown class")

// Failed is the error of a call whose method returned an error: one of its own, or one that the method was
// given for a call that it made. ErrDenied, ErrBadArgs, ErrFull and ErrTooOften alone reach the caller as they are.
type Failed struct{ Text string }

// Error returns the method's own words, or that they are kept from whoever called.
func (e *Failed) Error() string {
	if e.Text == "" {
		return "entity: the method failed; only a Refusal tells a client why"
	}
	return e.Text
}

// Refusal is an error whose text a client may read. The text of any other error
// reaches servers alone; a client learns only that its call failed.
type Refusal string

// Error returns the refusal's text.
func (r Refusal) Error() string { return string(r) }

// maxErrorText bounds the text of an error on the wire, in bytes; the rest is cut off.
const maxErrorText = 256

// outcomes pairs each outcome that is an error of this package with it.
var outcomes = [...]struct {
	outcome proto.Outcome
	err     error
}{
	{proto.OutcomeNoMethod, ErrNoMethod}, {proto.OutcomeBadArgs, ErrBadArgs}, {proto.OutcomeNoAvatar, ErrAway},
	{proto.OutcomeFull, ErrFull}, {proto.OutcomeUnknown, ErrLost}, {proto.OutcomeStaleMailbox, ErrStaleMailbox},
	{proto.OutcomeStaleProxy, ErrStaleProxy}, {proto.OutcomeNoClient, ErrNoClient}, {proto.OutcomeNoStub, ErrNoStub},
	{proto.OutcomeDenied, ErrDenied}, {proto.OutcomeTooOften, ErrTooOften}, {proto.OutcomeTimeout, ErrTimeout},
	{proto.OutcomePanicked, ErrPanicked}, {proto.OutcomeNameTaken, ErrNameTaken}, {proto.OutcomeNoRecord, ErrNoRecord},
}

// outcomeOf returns how a call ends on the wire whose method returned err. A method may refuse in
// the engine's words what it does not carry out. All others say something about a call's own way
// (that it went to nobody, that nobody knows whether it ran), which is not so of one that ran: they reach
// the caller, as what another call of the method met, as a *Failed with their text.
func outcomeOf(err error) proto.Outcome {
	switch {
	case err == nil:
		return proto.OutcomeOK
	case errors.Is(err, ErrDenied):
		return proto.OutcomeDenied
	case errors.Is(err, ErrBadArgs):
		return proto.OutcomeBadArgs
	case errors.Is(err, ErrFull):
		return proto.OutcomeFull
	case errors.Is(err, ErrTooOften):
		return proto.OutcomeTooOften
	}
	return proto.OutcomeFailed
}

// ErrorOf returns the error by which a call ended on the wire, nil if it ran well;
// text is what a method said that failed.
func ErrorOf(o proto.Outcome, text string) error {
	if o == proto.OutcomeOK {
		return nil
	}
	for i := range outcomes {
		if outcomes[i].outcome == o {
			return outcomes[i].err
		}
	}
	return &Failed{text}
}
