package sim

import (
	"slices"

	"messiah/core/node"
	"messiah/core/proto"
)

// Step is one step of a conversation, known by an input that a process handles.
type Step struct {
	Talk string // "start", "login", "migrate" or "return"
	Name string

	at     node.Kind // which role handles it; KindNone is any server
	lane   bool      // a lane handles it
	kind   node.InputKind
	typ    uint16    // of a message; of a packet its first byte; 0 is any
	from   node.Kind // of a link; KindNone is any
	client bool      // typ is that of a client message inside InClient
}

// steps are the conversations in the order in which they go.
var steps = [...]Step{
	{Talk: "start", Name: "started", kind: node.InStart},
	{Talk: "start", Name: "registered", at: node.Manager, kind: node.InMessage, typ: proto.TypeRegister},
	{Talk: "start", Name: "game-list", kind: node.InMessage, typ: proto.TypeProcesses},
	{Talk: "start", Name: "gates-connected", at: node.Gate, kind: node.InLinkUp, from: node.Game},
	{Talk: "start", Name: "server-open", at: node.Game, kind: node.InMessage, typ: proto.TypeGateConnected},
	{Talk: "start", Name: "reported", at: node.Manager, kind: node.InMessage, typ: proto.TypeReady},
	{Talk: "start", Name: "primary", at: node.Game, kind: node.InMessage, typ: proto.TypeBePrimary},
	{Talk: "start", Name: "stubs", at: node.Manager, kind: node.InMessage, typ: proto.TypeStubsMade},
	{Talk: "start", Name: "admit", at: node.Gate, kind: node.InMessage, typ: proto.TypeAdmit},

	{Talk: "login", Name: "hello", at: node.Gate, lane: true, kind: node.InPacket, typ: packetHello},
	{Talk: "login", Name: "cookie", at: node.Client, lane: true, kind: node.InPacket, typ: packetCookie},
	{Talk: "login", Name: "init", at: node.Gate, lane: true, kind: node.InPacket, typ: packetInit},
	{Talk: "login", Name: "accept", at: node.Client, lane: true, kind: node.InPacket, typ: packetAccept},
	{Talk: "login", Name: "connected", at: node.Gate, kind: node.InConnected},
	{Talk: "login", Name: "login", at: node.Gate, kind: node.InClient, typ: proto.TypeLogin, client: true},
	{Talk: "login", Name: "enter", at: node.Game, kind: node.InMessage, typ: proto.TypeEnter},
	{Talk: "login", Name: "claim", at: node.DB, kind: node.InMessage, typ: proto.TypeClaim},
	{Talk: "login", Name: "store-read", at: node.DB, kind: node.InMessage, typ: proto.TypeStoreGot},
	{Talk: "login", Name: "store-written", at: node.DB, kind: node.InMessage, typ: proto.TypeStoreDid},
	{Talk: "login", Name: "claimed", at: node.Game, kind: node.InMessage, typ: proto.TypeClaimed},
	{Talk: "login", Name: "entered", at: node.Gate, kind: node.InMessage, typ: proto.TypeEntered},
	{Talk: "login", Name: "logged-in", at: node.Client, kind: node.InClient, typ: proto.TypeLoggedIn, client: true},
	{Talk: "login", Name: "call", at: node.Game, kind: node.InMessage, typ: proto.TypeClientCall},
	{Talk: "login", Name: "reply", at: node.Client, kind: node.InClient, typ: proto.TypeReply, client: true},

	{Talk: "migrate", Name: "pre-req", at: node.Gate, kind: node.InMessage, typ: proto.TypePreReq},
	{Talk: "migrate", Name: "reserve", at: node.Game, kind: node.InMessage, typ: proto.TypePreReq},
	{Talk: "migrate", Name: "expect", at: node.DB, kind: node.InMessage, typ: proto.TypeExpect},
	{Talk: "migrate", Name: "expected", at: node.Game, kind: node.InMessage, typ: proto.TypeExpected},
	{Talk: "migrate", Name: "pre-ok", at: node.Gate, kind: node.InMessage, typ: proto.TypePreOK},
	{Talk: "migrate", Name: "agreed", at: node.Game, kind: node.InMessage, typ: proto.TypePreOK},
	{Talk: "migrate", Name: "hold", at: node.Gate, kind: node.InMessage, typ: proto.TypeHold},
	{Talk: "migrate", Name: "hold-mark", at: node.Game, kind: node.InMessage, typ: proto.TypeHoldMark},
	{Talk: "migrate", Name: "state", at: node.Gate, kind: node.InMessage, typ: proto.TypeState},
	{Talk: "migrate", Name: "build", at: node.Game, kind: node.InMessage, typ: proto.TypeState},
	{Talk: "migrate", Name: "built", at: node.Gate, kind: node.InMessage, typ: proto.TypeBuilt},
	{Talk: "migrate", Name: "ready", at: node.Game, kind: node.InMessage, typ: proto.TypeBuilt},
	{Talk: "migrate", Name: "commit", at: node.Gate, kind: node.InMessage, typ: proto.TypeCommit},
	{Talk: "migrate", Name: "live", at: node.Game, kind: node.InMessage, typ: proto.TypeLive},
	{Talk: "migrate", Name: "take", at: node.DB, kind: node.InMessage, typ: proto.TypeTake},
	{Talk: "migrate", Name: "live-ack", at: node.Gate, kind: node.InMessage, typ: proto.TypeLiveAck},
	{Talk: "migrate", Name: "departed", at: node.Game, kind: node.InMessage, typ: proto.TypeLiveAck},
	{Talk: "migrate", Name: "live-heard", at: node.Game, kind: node.InMessage, typ: proto.TypeLiveHeard},

	{Talk: "return", Name: "abort", at: node.Gate, kind: node.InMessage, typ: proto.TypeAbort},
	{Talk: "return", Name: "aborted", at: node.Game, kind: node.InMessage, typ: proto.TypeAborted},
	{Talk: "return", Name: "thawed", at: node.Gate, kind: node.InMessage, typ: proto.TypeThawed},
	{Talk: "return", Name: "cancel", at: node.Game, kind: node.InMessage, typ: proto.TypeCancel},
	{Talk: "return", Name: "orphan", at: node.Game, kind: node.InMessage, typ: proto.TypeOrphan},
	{Talk: "return", Name: "adopted", at: node.Gate, kind: node.InMessage, typ: proto.TypeAdopted},
	{Talk: "return", Name: "undo", at: node.Game, kind: node.InMessage, typ: proto.TypeUndo},
}

// Talks lists the conversations that faults are tried against at each step.
func Talks() []string { return []string{"start", "login", "migrate"} }

// StepNames lists the steps of a conversation in order.
func StepNames(talk string) []string {
	var names []string
	for i := range steps {
		if steps[i].Talk == talk {
			names = append(names, steps[i].Name)
		}
	}
	return names
}

// is tells whether an input that a process handles is the step.
func (s *Step) is(p *process, lane int, in *node.Input) bool {
	if in.Kind != s.kind || s.lane != (lane >= 0) {
		return false
	}
	k := p.id.Kind()
	if s.at == node.KindNone && k == node.Client || s.at != node.KindNone && s.at != k {
		return false
	}
	if s.from != node.KindNone && in.From.Kind() != s.from {
		return false
	}
	switch {
	case s.typ == 0:
		return true
	case s.lane:
		return len(in.Body) > 0 && uint16(in.Body[0]) == s.typ
	case s.client:
		typ, _, _, err := proto.SplitClient(in.Body)
		return err == nil && typ == s.typ
	}
	return in.Type == s.typ
}

// watcher waits for a step.
type watcher struct {
	step   Step
	only   node.ID // 0 is any process
	skip   int     // how many times it is let pass
	action func(at node.ID)
}

// watch fires what waits for the step that a process is handling. The action
// runs right behind the handler: what the handler sent is under way by then.
func (w *World) watch(p *process, lane int, in *node.Input) {
	for i := 0; i < len(w.watchers); i++ {
		one := w.watchers[i]
		if one.only != 0 && one.only != p.id || !one.step.is(p, lane, in) {
			continue
		}
		if one.skip > 0 {
			one.skip--
			continue
		}
		w.watchers = slices.Delete(w.watchers, i, i+1)
		i--
		id, action := p.id, one.action
		w.At(w.now, func() { action(id) })
	}
}

// OnStep runs an action when a step of a conversation has been handled, the
// (skip+1)-th time, by the process named or, with 0, by any.
func (w *World) OnStep(talk, name string, only node.ID, skip int, action func(at node.ID)) {
	for i := range steps {
		if steps[i].Talk == talk && steps[i].Name == name {
			w.watchers = append(w.watchers, &watcher{steps[i], only, skip, action})
			return
		}
	}
	panic("sim: no step " + talk + "/" + name)
}

// stepAt returns which role handles a step.
func stepAt(talk, name string) node.Kind {
	for i := range steps {
		if steps[i].Talk == talk && steps[i].Name == name {
			return steps[i].at
		}
	}
	return node.KindNone
}
