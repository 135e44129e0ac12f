package session

import (
	"crypto/ecdh"
	"time"

	"messiah/core/node"
	"messiah/core/wire"
)

// ShardConfig says what the sessions of one lane may do.
type ShardConfig struct {
	Version wire.Version
	Key     KeyPair
	Limits  Limits
	NewARQ  NewARQ // nil: datagrams are dropped

	// Validate looks at each message of a client before the loop sees it; an
	// error ends the session. A nil one takes everything.
	Validate func(body []byte) error

	// AckOnReceipt acknowledges what was queued for the loop, not what it has
	// handled: for servers without resume.
	AckOnReceipt bool

	MaxSessions     int           // of one lane, detached ones included; at the bound newcomers are refused
	HandshakeRate   uint64        // key exchanges a second; over it newcomers are refused
	HandshakeBurst  uint64        // key exchanges at once
	AddressRate     uint64        // the same for one address; half of all by default
	AddressBurst    uint64        // the same at once; as many as all by default
	HandshakeWithin time.Duration // from the key exchange to the client's begin
	MaxHalfOpen     int           // unfinished handshakes, and as many streams that have only greeted; at the bound the oldest is dropped
	Grace           time.Duration // so long a detached login is kept; the loop usually ends it earlier

	// Budgets of one client, a second and at once; over one of them its session
	// ends. A packet counts as a message, and the first message in it not again.
	MessageRate, MessageBurst uint64
	ByteRate, ByteBurst       uint64 // of packets, and of what compressed ones hold beyond their length
}

// Defaults of ShardConfig.
const (
	DefaultMaxSessions     = 1 << 16
	DefaultHandshakeRate   = 200
	DefaultHandshakeBurst  = 100
	DefaultHandshakeWithin = 5 * time.Second
	DefaultMaxHalfOpen     = 1024
	DefaultGrace           = 30 * time.Second
	DefaultMessageRate     = 2000
	DefaultMessageBurst    = 4000
	DefaultByteRate        = 4 << 20
	DefaultByteBurst       = 8 << 20

	graceMargin = 5 * time.Second // by which the loop's own grace time may be late
	maxSlots    = 1 << 24
)

func (c *ShardConfig) defaults() {
	c.Limits.defaults()
	c.MaxSessions = min(orDefault(c.MaxSessions, DefaultMaxSessions), maxSlots)
	c.HandshakeRate = orDefault(c.HandshakeRate, DefaultHandshakeRate)
	c.HandshakeBurst = orDefault(c.HandshakeBurst, DefaultHandshakeBurst)
	c.AddressRate = orDefault(c.AddressRate, max(1, c.HandshakeRate/2))
	c.AddressBurst = orDefault(c.AddressBurst, c.HandshakeBurst)
	c.HandshakeWithin = orDefault(c.HandshakeWithin, DefaultHandshakeWithin)
	c.MaxHalfOpen = orDefault(c.MaxHalfOpen, DefaultMaxHalfOpen)
	c.Grace = orDefault(c.Grace, DefaultGrace)
	c.MessageRate = orDefault(c.MessageRate, DefaultMessageRate)
	c.MessageBurst = orDefault(c.MessageBurst, DefaultMessageBurst)
	c.ByteRate = orDefault(c.ByteRate, DefaultByteRate)
	c.ByteBurst = orDefault(c.ByteBurst, DefaultByteBurst)
	if c.Validate == nil {
		c.Validate = func([]byte) error { return nil }
	}
}

// Shard is the lane that holds client sessions of a gate.
type Shard struct {
	cfg    ShardConfig
	static *ecdh.PrivateKey
	station
	deadlines
	cookies    cookies
	handshakes bucket
	shares     shares

	slots    []*session
	epochs   []uint32 // by slot: of its last session
	free     []int32  // slots, the last given back first
	live     int
	streams  map[uint32]*session       // by the driver's number of the connection
	inits    map[initKey]*session      // by what a repeated init has in common with the first
	aliases  map[node.Session]*session // epochs that were resumed by a client that may not know it yet
	greeted  halfList                  // streams that have said hello
	accepted halfList                  // handshakes that are finished but for the client's begin
	dirty    []*session                // in the order in which this batch touched them
}

// NewShard makes the lane.
func NewShard(cfg ShardConfig) *Shard {
	cfg.defaults()
	sh := &Shard{
		cfg: cfg, static: cfg.Key.static(), streams: map[uint32]*session{}, inits: map[initKey]*session{}, aliases: map[node.Session]*session{},
	}
	sh.limits, sh.newARQ = cfg.Limits, cfg.NewARQ
	return sh
}

// state is where a session of a shard stands.
type state uint8

const (
	stateGreeted  state = iota // a stream that has said hello
	stateAccepted              // keys are exchanged; the client's begin is awaited
	stateWaiting               // asks to resume a login that an earlier epoch also asks for
	stateResuming              // asks to resume; the loop decides
	stateOpen                  // messages flow
	stateDetached              // no transport; kept for a resume
	stateClosing               // over for the loop; what was sent before is still on its way
	stateEnd
)

var stateNames = [stateEnd]string{"greeted", "accepted", "waiting", "resuming", "open", "detached", "closing"}

// String returns the state's name for people.
func (s state) String() string {
	if s < stateEnd {
		return stateNames[s]
	}
	return "state?"
}

// session is one epoch at the server.
type session struct {
	peer
	state     state
	announced bool // the loop has heard of it
	loggedIn  bool // it may be resumed
	dirty     bool // waits for the flush
	until     node.Time
	messages  bucket
	bytes     bucket
	paid      uint8 // packets that were charged and have not brought a message yet

	init    initKey // zero for a stream that has only greeted
	accept  []byte  // the packet that a repeated init gets again, until the client has spoken
	version []byte  // the client's, encoded, until the loop has it

	token    token        // resumes this login
	oldToken token        // the one that this epoch was granted for, until the client is known to have the new one
	oldID    node.Session // the epoch that goes with oldToken

	claim    claim
	claimed  *session // the login that this epoch asks to resume
	claimant *session // the epoch that asks to resume this login; the loop decides
	waiter   *session // a later epoch that asks for the same
	gone     Reason   // while the loop decides: why there is no transport any more
	final    bool     // and that it is no use to come back

	half                 *halfList // of unfinished handshakes
	olderHalf, newerHalf *session
}

// initKey tells a repeated init from another client's.
type initKey struct {
	random [randomLen]byte
	at     node.Endpoint
}

// Step handles one input.
func (sh *Shard) Step(env *node.LaneEnv, in *node.Input) {
	sh.env = env
	switch in.Kind {
	case node.InPacket:
		sh.packetIn(in)
	case node.InTask:
		sh.task(in)
	case node.InFlush:
		sh.flush()
	case node.InWake:
		sh.wake()
		sh.flush()
	case node.InStreamDown:
		if s := sh.streams[in.Endpoint.Stream]; s != nil {
			delete(sh.streams, in.Endpoint.Stream) // there is nothing left to close
			sh.lose(s, ReasonLost)
		}
	}
	env.WakeAt(sh.deadlines.next())
	sh.env = nil
}

// flush sends what the batch of inputs left to send.
func (sh *Shard) flush() {
	for i := 0; i < len(sh.dirty); i++ {
		s := sh.dirty[i]
		s.dirty = false
		if !s.attached() {
			continue
		}
		switch {
		case !s.peer.flush():
			sh.lose(s, ReasonTimeout)
		case s.drained():
			sh.end(s, s.closing)
		default:
			sh.look(s)
		}
	}
	clear(sh.dirty)
	sh.dirty = sh.dirty[:0]
}

// touch puts a session on the list of those to flush.
func (sh *Shard) touch(s *session) {
	if !s.dirty {
		s.dirty = true
		sh.dirty = append(sh.dirty, s)
	}
}

// attached tells whether sealed packets can be sent.
func (s *session) attached() bool {
	switch s.state {
	case stateOpen, stateClosing:
		return true
	case stateAccepted, stateWaiting, stateResuming:
		return s.gone == ReasonNone
	}
	return false
}

// look enters a session's next deadline.
func (sh *Shard) look(s *session) {
	at := s.until
	if s.attached() {
		at = min(at, s.nextLook())
	}
	sh.deadlines.want(s.id.Slot(), at)
}

// wake looks at the sessions whose time has come.
func (sh *Shard) wake() {
	for {
		slot, ok := sh.deadlines.due(sh.env.Now())
		if !ok {
			return
		}
		sh.overdue(sh.slots[slot])
	}
}

func (sh *Shard) overdue(s *session) {
	now := sh.env.Now()
	switch {
	case s.until <= now:
		sh.outOfTime(s)
		return
	case s.attached() && s.dead():
		sh.lose(s, ReasonTimeout)
		return
	case s.attached():
		s.beat()
		if s.ackAt <= now || s.resend <= now {
			sh.touch(s)
			return // the flush enters the next deadline
		}
	}
	sh.look(s)
}

// outOfTime ends a session that was waited for long enough.
func (sh *Shard) outOfTime(s *session) {
	switch s.state {
	case stateGreeted, stateAccepted, stateWaiting:
		sh.counters.Unfinished++
		sh.cutOff(s, ReasonLate)
	case stateClosing:
		sh.env.Mark("closing-took-too-long")
		sh.cutOff(s, s.closing)
	default:
		// The loop forgot a detached login, or to answer a resume.
		sh.env.Mark("session-grace-over")
		sh.expire(s)
	}
}

// newSession takes a slot; nil says that there is none.
func (sh *Shard) newSession(st state, at node.Endpoint) *session {
	if sh.live >= sh.cfg.MaxSessions {
		return nil
	}
	slot := len(sh.slots)
	if n := len(sh.free); n > 0 {
		slot = int(sh.free[n-1])
		sh.free = sh.free[:n-1]
	} else {
		sh.slots = append(sh.slots, nil)
		sh.epochs = append(sh.epochs, 0)
	}
	sh.epochs[slot]++
	s := &session{state: st, until: node.Never}
	s.st = &sh.station
	s.id = node.NewSession(sh.env.Index(), slot, sh.epochs[slot])
	s.endpoint, s.ackAt, s.resend = at, node.Never, node.Never
	sh.slots[slot] = s
	sh.live++
	if s.stream() {
		sh.streams[at.Stream] = s
	}
	return s
}

// lookup returns the session of that name, if it lives.
func (sh *Shard) lookup(id node.Session) *session {
	slot := id.Slot()
	if slot < len(sh.slots) && sh.slots[slot] != nil && sh.slots[slot].id == id {
		return sh.slots[slot]
	}
	return nil
}
