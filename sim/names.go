package sim

import (
	"strconv"

	"messiah/core/proto"
)

var typeNames = map[uint16]string{
	proto.TypeRegister: "register", proto.TypeProcesses: "processes", proto.TypeGateConnected: "gate-connected",
	proto.TypeReady: "ready", proto.TypeBePrimary: "be-primary", proto.TypeStubsMade: "stubs-made",
	proto.TypeAdmit: "admit", proto.TypeReport: "report", proto.TypeLeave: "leave", proto.TypeKick: "kick",
	proto.TypeOperate: "operate", proto.TypeDrain: "drain", proto.TypeDraining: "draining", proto.TypeShed: "shed", proto.TypeHasShed: "has-shed", proto.TypeFarewell: "farewell", proto.TypeFarewelled: "farewelled",
	proto.TypeVerify: "verify", proto.TypeVerified: "verified",
	proto.TypeEnter: "enter", proto.TypeEntered: "entered", proto.TypeEnterFailed: "enter-failed",
	proto.TypeClientLost: "client-lost", proto.TypeClientBack: "client-back", proto.TypeExit: "exit",
	proto.TypeExited: "exited", proto.TypeKickClient: "kick-client",
	proto.TypeClientCall: "client-call", proto.TypeToClient: "to-client",
	proto.TypeClientMove: "client-move", proto.TypeMove: "move", proto.TypeCorrect: "correct",
	proto.TypeClaim: "claim", proto.TypeClaimed: "claimed", proto.TypeHeld: "held", proto.TypeSave: "save",
	proto.TypeSaved: "saved", proto.TypeRelease: "release", proto.TypeNoSave: "no-save",
	proto.TypeStoreGet: "store-get", proto.TypeStorePut: "store-put", proto.TypeStoreGot: "store-got",
	proto.TypeStoreDid: "store-did", proto.TypeStoreDelete: "store-delete", proto.TypeStoreFind: "store-find",
	proto.TypeStoreListed: "store-listed",
	proto.TypeQuery:       "query", proto.TypeFound: "found", proto.TypeTakeName: "take-name",
	proto.TypeNameTaken: "name-taken", proto.TypeDropName: "drop-name", proto.TypeNameDropped: "name-dropped",
	proto.TypeLogin: "login", proto.TypeLoggedIn: "logged-in", proto.TypeLoginRefused: "login-refused",
	proto.TypeLogout: "logout", proto.TypeCall: "call", proto.TypeReply: "reply", proto.TypePush: "push",
	proto.TypeGameLost: "game-lost", proto.TypeKicked: "kicked", proto.TypeWorkload: "workload",
	proto.TypeMail:      "mail",
	proto.TypeProxyMail: "proxy-mail",
	proto.TypeProxyPush: "proxy-push",
	proto.TypeMailEnd:   "mail-end",
	proto.TypeGameGone:  "game-gone",
	proto.TypeAsk:       "ask",
	proto.TypeExpect:    "expect",
	proto.TypeExpected:  "expected",
	proto.TypeUnexpect:  "unexpect",
	proto.TypeTake:      "take",
	proto.TypeAnnounced: "announced",
	proto.TypePreReq:    "pre-req",
	proto.TypeAskGone:   "ask-gone",
	proto.TypeGameMoved: "game-moved",
	proto.TypePreOK:     "pre-ok",
	proto.TypePreNo:     "pre-no",
	proto.TypeHold:      "hold",
	proto.TypeHoldMark:  "hold-mark",
	proto.TypeState:     "state",
	proto.TypeBuilt:     "built",
	proto.TypeNotBuilt:  "not-built",
	proto.TypeFlush:     "flush",
	proto.TypeFlushed:   "flushed",
	proto.TypeHeldMail:  "held-mail",
	proto.TypeCommit:    "commit",
	proto.TypeLive:      "live",
	proto.TypeLiveAck:   "live-ack",
	proto.TypeLiveHeard: "live-heard",
	proto.TypeAbort:     "abort",
	proto.TypeAborted:   "aborted",
	proto.TypeCancel:    "cancel",
	proto.TypeThawed:    "thawed",
	proto.TypeUndo:      "undo",
	proto.TypeOrphan:    "orphan",
	proto.TypeAdopted:   "adopted",
	proto.TypeRelayed:   "relayed",
	proto.TypeWhatOf:    "what-of",
	proto.TypeMailMoved: "mail-moved",
	proto.TypeForwarded: "forwarded",
}

// TypeName returns the name of a message type in traces.
func TypeName(typ uint16) string {
	if name, ok := typeNames[typ]; ok {
		return name
	}
	return "type" + strconv.Itoa(int(typ))
}

func clientTypeName(body []byte) string {
	typ, _, _, err := proto.SplitClient(body)
	if err != nil {
		return "?"
	}
	return TypeName(typ)
}

// The first bytes of a client's packets, as package session numbers them.
const (
	packetHello = 1 + iota
	packetCookie
	packetInit
	packetAccept
	packetRefuse
	packetSealed
)

var packetNames = [...]string{"?", "hello", "cookie", "init", "accept", "refuse", "sealed"}

func packetName(b []byte) string {
	if len(b) == 0 || int(b[0]) >= len(packetNames) {
		return packetNames[0]
	}
	return packetNames[b[0]]
}
