package sim

import "slices"

// Bug is one planted bug: a small fault in the code under test that its oracle
// must notice. It is in the source behind planted.On(Name), and in no ordinary binary.
type Bug struct {
	Name     string
	Oracle   string   // that must notice it
	Scenario string   // to sweep for it
	Set      []string // KEY=VALUE in each run
	Breaks   string   // one sentence: what it does
}

// Bugs lists the planted bugs, oracle by oracle.
func Bugs() []Bug { return slices.Clone(bugs[:]) }

// BugNamed returns the planted bug of that name.
func BugNamed(name string) (Bug, bool) {
	i := slices.IndexFunc(bugs[:], func(b Bug) bool { return b.Name == name })
	if i < 0 {
		return Bug{}, false
	}
	return bugs[i], true
}

// acrossMachines are the bugs by which one machine differs from another and
// never from itself: `verify` finds them, and no sweep can.
var acrossMachines = [...]string{"fused-multiply-add"}

// AcrossMachines tells whether it takes two machines, or builds for two, to see the bug.
func (b Bug) AcrossMachines() bool { return slices.Contains(acrossMachines[:], b.Name) }

// plantedFor lists the names of the bugs that an oracle must notice.
func plantedFor(oracle string) []string {
	var names []string
	for i := range bugs {
		if bugs[i].Oracle == oracle {
			names = append(names, bugs[i].Name)
		}
	}
	return names
}

var bugs = [...]Bug{
	{"admit-before-stubs", "admission", "startup-any-order", nil,
		"The manager opens the cluster without waiting for the stubs."},
	{"ready-before-links", "admission", "startup-any-order", nil,
		"A gate reports that it is connected to every game when it is not."},
	{"login-before-admission", "admission", "startup-any-order", nil,
		"A gate takes logins that come before the ninth step."},
	{"any-password-lets-in", "admission", "passwords", nil,
		"A gate does not listen where the db says that a password is a wrong one."},
	{"ready-told-again", "admission", "gate-lost", nil,
		"A game reports a list complete that it has reported already, with each gate's word."},
	{"list-without-news", "admission", "startup-any-order", nil,
		"The manager sends a new list that says what the one before said."},
	{"listed-twice", "admission", "broken-peer", nil,
		"The manager's list names a process twice that has registered twice."},

	{"stub-made-twice", "one-stub", "manager-restart", nil,
		"A manager that comes back does not listen which stubs there are, and a game creates what it has again."},

	{"connected-not-withdrawn", "connection-truth", "connect-then-disconnect", nil,
		"A queued connected is handled though the session has ended: the race of the source notes."},
	{"alive-flag-lies", "connection-truth", "connect-then-disconnect", nil,
		"A queued connected says that the session is alive though its end waits behind it."},
	{"end-without-beginning", "connection-truth", "connect-then-disconnect", nil,
		"A handler hears the end of a session whose beginning was withdrawn."},
	{"message-after-end", "connection-truth", "reconnect-resume", nil,
		"A queued client message is handled though its session has ended."},

	{"route-kept-after-exit", "no-leak", "login-interrupted", nil,
		"A gate keeps the routes of clients that have left."},
	{"seat-kept-after-unload", "no-leak", "login-interrupted", nil,
		"A game keeps the seats of avatars that were unloaded."},

	{"link-skips-resend", "delivered-or-told", "link-breaks", nil,
		"A process link does not send again what its broken connection lost."},
	{"resume-skips-resend", "delivered-or-told", "reconnect-resume", nil,
		"A resumed session does not send again what its lost connection carried."},
	{"resume-executes-twice", "delivered-or-told", "reconnect-resume", nil,
		"A gate forgets which calls it has handled when a client resumes, so that they come again."},
	{"game-lost-untold", "delivered-or-told", "town-under-fire", nil,
		"A gate does not tell its clients that the outcome of calls to a dead game is unknown."},
	{"client-forgets-its-calls", "delivered-or-told", "gate-lost", nil,
		"A client that has lost its session goes on waiting for the answers."},

	{"record-not-read", "durable", "orderly-stop", nil,
		"A game does not read the record that it was given, so that what the avatar had is gone."},
	{"change-never-saved", "durable", "stub-lost", nil,
		"A game is not told that an entity has changed, so that what it saves is what it was made with."},
	{"copy-taken-for-stored", "durable", "promise-kept", nil,
		"A game tells game code that a copy of a record is in the store when it has only been sent: clients find what they were promised forgotten."},
	{"stale-owner-written", "one-loader", "orderly-stop", nil,
		"The db writes what a game saves that has lost the record to another one."},

	{"overtaking-frame", "order", "link-breaks", nil,
		"One frame in 32 overtakes what is queued before it."},

	{"gate-lost-letters-untold", "delivered-or-told", "letters-under-fire", nil,
		"A game that loses a gate tells nobody that calls by it may not have run."},
	{"dead-game-letters-untold", "delivered-or-told", "letters-under-fire", nil,
		"A gate does not end the calls by proxy that were under way to a dead game."},
	{"old-incarnation-reached", "delivered-or-told", "address-validity", nil,
		"A mailbox of an earlier life of an entity reaches the next one."},
	{"stub-mail-out-of-turn", "order", "stub-mail-overtaken", nil,
		"A stub runs what comes by a dead gate behind what came by the next one."},
	{"takeover-keeps-old-route", "routes", "second-login", nil,
		"A second login on one gate gets a new route of which the game is not told."},
	{"held-record-granted", "one-owner", "gate-lost", nil,
		"The db grants a record that another live game holds, so that one account has two avatars."},
	{"expected-record-taken", "one-owner", "migrate-chain-lost", nil,
		"The db gives a record back to a game that an entity left, although a live game expects it: two copies run."},

	{"link-never-acknowledged", "bounded", "link-breaks", []string{"payload=4096"},
		"A process never acknowledges frames, so that the other side keeps them all."},

	{"no-redial", "progress", "manager-restart", nil,
		"A process that has lost a connection does not dial again."},
	{"refused-with-room", "progress", "second-login", nil,
		"The db refuses a request for an account that has one under way, though there is room for eight."},

	{"map-order-picks-the-game", "replay", "second-login", []string{"games=3"},
		"A gate picks the game for an avatar by the order of a map: no seed decides it."},
	{"fused-multiply-add", "replay", "second-login", []string{"move-every=100ms"},
		"A client computes where it is by x*y+z, which arm64 and amd64 v3 round once and amd64 v1 twice."},

	{"budget-without-slack", "honest-move", "jitter-speed-check", nil,
		"A game takes a move that jitter made late for one that was too fast."},
	{"move-judged-alone", "cheat-caught", "jitter-speed-check", nil,
		"A game judges each move by itself, so that many small ones together may be as fast as they like."},

	{"call-without-route", "no-error-log", "connect-then-disconnect", nil,
		"A gate forwards calls without saying who speaks."},

	{"word-overtakes-hold", "connection-truth", "migrate-interrupted", nil,
		"A gate tells the game which an avatar is leaving that its client has gone, while what is for the avatar waits."},
	{"orphan-dropped", "durable", "migrate-source-lost", nil,
		"A gate has the target drop the state of an entity whose source has died."},
	{"abort-cancels-at-once", "durable", "migrate-abort-unheard", nil,
		"A gate that grants an abort has the target drop the state before the source runs."},
	{"record-not-expected", "progress", "migrate-orphan-claimed", nil,
		"The db does not note who expects a record, and gives it to somebody else once its source is dead."},
	{"target-asks-once", "progress", "migrate-gate-lost-unevenly", nil,
		"A target whose arbiter has died asks its source once what of the entity."},
	{"drain-takes-newcomers", "admission", "drain-a-game", nil,
		"Gates send newcomers to a game that is closed, and it takes them."},
	{"rebalance-without-hysteresis", "balance", "rebalance", nil,
		"The manager has a full game move all that it has more than another, on whatever was reported last, so that games exchange avatars for ever."},
	{"older-game-takes-newer", "durable", "rolling-restart-schema", nil,
		"A game takes entities of a newer version than its own, part of whose state it does not know."},
	{"drain-leaves-early", "delivered-or-told", "rolling-restart", nil,
		"A drained game leaves without taking leave of the gates, so that calls are on their way to nobody."},
	{"flush-forgotten", "order", "migrate-sender-overtakes", nil,
		"A source lets an entity go before the gates by which it has sent have handled that."},
	{"adopts-at-once", "order", "migrate-adopted-in-order", nil,
		"A target goes on with the entity of a dead source while what that had sent by other gates is under way."},
	{"undo-runs-mail-again", "delivered-or-told", "migrate-undone", nil,
		"A source whose target died runs the calls that it had forwarded, and that may have run there."},
	{"speaks-before-confirmed", "delivered-or-told", "migrate-undone", nil,
		"A target lets an entity speak before its arbiter has heard that it lives there."},
	{"late-answer-accepted", "progress", "migrate-late-answer", nil,
		"A gate does not look which try a game speaks of, and takes a late answer for one to the next try."},
	{"second-move-forgets-first", "progress", "migrate-asked-twice", nil,
		"A game begins a second migration of an entity while one is under way, and forgets the first."},
	{"disconnect-clears-hold", "delivered-or-told", "migrate-client-gone", nil,
		"A gate drops what waits for an avatar on its way when the avatar's client breaks off."},
	{"late-hold-drops", "delivered-or-told", "migrate-hold-late", nil,
		"A gate drops calls that have waited too long for an avatar on its way, and tells nobody."},
	{"full-hold-drops", "delivered-or-told", "migrate-hold-full", nil,
		"A gate at its bound drops calls for an avatar on its way, and tells nobody."},
	{"frozen-mail-dropped", "delivered-or-told", "migrate-mail-full", nil,
		"A source at its bound drops calls for an entity on its way, and tells nobody."},
	{"timers-lost", "progress", "migrate-timers", nil,
		"A target reads no timers out of the state of an entity."},
	{"move-fills-budget", "cheat-caught", "migrate-moves", nil,
		"An avatar that comes from another game has a whole budget of movement again."},
}
