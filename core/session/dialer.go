package session

import (
	"time"

	"messiah/core/node"
	"messiah/core/wire"
)

// DialerConfig says how a client's session behaves.
type DialerConfig struct {
	Version   wire.Version
	ServerKey [32]byte // the gate's public key, pinned
	Limits    Limits
	NewARQ    NewARQ // for datagrams

	// AckOnHandled acknowledges what the loop has handled, as tasks tell, and
	// not what was queued for it. A loop that withdraws what is queued of an
	// ended epoch needs that, so as to be sent it again.
	AckOnHandled bool

	DialWithin time.Duration // from the dial to the session
	RetryFirst time.Duration // until an unanswered datagram of the handshake is sent again; doubles each time
	RetryMost  time.Duration // the longest such wait
}

// Defaults of DialerConfig.
const (
	DefaultDialWithin = 5 * time.Second
	DefaultRetryFirst = 250 * time.Millisecond
	DefaultRetryMost  = 2 * time.Second
)

// Dialer is the lane of a client: one session at a time, made by TaskDial.
type Dialer struct {
	cfg DialerConfig
	station
	peer
	state dialState
	dirty bool
	dials uint32 // connections dialled so far: the number of the last

	// The handshake.
	random    [randomLen]byte
	hint      uint32
	ephemeral [32]byte    // of Noise; with it the half-done handshake can be made again
	noise     *noiseState // nil: to be made of the above
	question  []byte      // the packet that waits for an answer
	retryAt   node.Time
	retryWait time.Duration
	failAt    node.Time // of a handshake, a resume or a goodbye
	older     byte      // the side that is, as the server told it
	verdict   uint8     // of the versions, as the server told it

	// The login.
	resuming bool
	token    token        // zero: none is held
	tokenID  node.Session // the epoch that goes with it
}

type dialState uint8

const (
	dialIdle       dialState = iota // no transport
	dialConnecting                  // the stream is being made
	dialHello                       // waits for a cookie
	dialInit                        // waits for the accept
	dialResuming                    // waits for the grant of a resume
	dialOpen
	dialClosing // said goodbye; what was sent before is still on its way
)

// NewDialer makes the lane.
func NewDialer(cfg DialerConfig) *Dialer {
	cfg.Limits.defaults()
	cfg.DialWithin = orDefault(cfg.DialWithin, DefaultDialWithin)
	cfg.RetryFirst = orDefault(cfg.RetryFirst, DefaultRetryFirst)
	cfg.RetryMost = orDefault(cfg.RetryMost, DefaultRetryMost)
	d := &Dialer{cfg: cfg}
	d.station.limits, d.station.newARQ = cfg.Limits, cfg.NewARQ
	d.peer.st = &d.station
	d.ackAt, d.resend = node.Never, node.Never
	return d
}

// Step handles one input.
func (d *Dialer) Step(env *node.LaneEnv, in *node.Input) {
	d.env = env
	switch in.Kind {
	case node.InPacket:
		d.packetIn(in)
	case node.InTask:
		d.task(in)
	case node.InFlush:
		d.flush()
	case node.InWake:
		d.wake()
		d.flush()
	case node.InStreamUp:
		if d.state == dialConnecting && in.Endpoint.Stream == d.endpoint.Stream {
			d.hello()
		}
	case node.InStreamDown:
		if d.state != dialIdle && in.Endpoint.Stream != 0 && in.Endpoint.Stream == d.endpoint.Stream {
			d.lose(ReasonLost, 0)
		}
	}
	env.WakeAt(d.nextDeadline())
	d.env = nil
}

// sealing tells whether keys are exchanged.
func (d *Dialer) sealing() bool { return d.state >= dialResuming }

func (d *Dialer) nextDeadline() node.Time {
	switch d.state {
	case dialIdle:
		return node.Never
	case dialOpen:
		return d.nextLook()
	case dialResuming, dialClosing:
		return min(d.nextLook(), d.failAt)
	default:
		return min(d.retryAt, d.failAt)
	}
}

func (d *Dialer) flush() {
	if !d.dirty {
		return
	}
	d.dirty = false
	switch {
	case !d.sealing():
	case !d.peer.flush():
		d.lose(ReasonTimeout, 0)
	case d.drained():
		d.lose(ReasonLogout, 0)
	}
}

func (d *Dialer) wake() {
	now := d.env.Now()
	switch {
	case d.state == dialIdle:
		return
	case d.state != dialOpen && d.failAt <= now:
		d.lose(ReasonTimeout, 0)
	case !d.sealing():
		if d.retryAt <= now {
			d.env.Transmit(d.endpoint, d.question)
			d.retry()
		}
	case d.dead():
		d.lose(ReasonTimeout, 0)
	default:
		if d.beat() {
			d.station.trim()
		}
		if d.ackAt <= now || d.resend <= now {
			d.dirty = true
		}
	}
}

// ask sends a packet of the handshake, again and again where packets get lost.
func (d *Dialer) ask(question []byte) {
	d.question, d.retryWait = question, d.cfg.RetryFirst/2
	d.env.Transmit(d.endpoint, question)
	d.retry()
}

func (d *Dialer) retry() {
	if d.stream() {
		d.retryAt = node.Never
		return
	}
	d.retryWait = min(2*d.retryWait, d.cfg.RetryMost)
	d.retryAt = d.env.Now().Add(d.retryWait)
}

// dial begins an epoch.
func (d *Dialer) dial(in *node.Input) {
	if d.state == dialClosing {
		d.lose(ReasonLogout, 0) // the loop does not wait for the goodbye
	}
	if d.state != dialIdle || in.Endpoint.Stream == 0 && d.cfg.NewARQ == nil {
		d.env.Mark("dial-while-connected")
		return
	}
	d.resuming = in.Flags&FlagResume != 0 && d.Resumable()
	switch {
	case !d.resuming:
		d.forget()
	case d.cfg.AckOnHandled:
		// What was delivered and not handled was withdrawn with its epoch, and will come again.
		if !d.handle(in.Conn) {
			d.env.Mark("handled-more-than-received")
		}
		d.received = d.handled
	}
	r := d.env.Rand()
	r.Read(d.random[:])
	d.hint = uint32(r.Uint64())
	if d.resuming {
		d.hint = hintOf(d.tokenID)
	}
	d.failAt, d.retryAt = d.env.Now().Add(d.cfg.DialWithin), node.Never
	d.endpoint = in.Endpoint
	if !d.stream() {
		d.hello()
		return
	}
	// A number of its own for each connection, so that the end of an earlier one is known as such.
	d.dials++
	d.endpoint.Stream = d.dials
	d.state = dialConnecting
	d.env.DialStream(d.endpoint)
}

func (d *Dialer) hello() {
	d.state = dialHello
	d.ask(appendHello(nil, d.hint, d.random))
}

// lose ends the transport. What a token is held for can be resumed.
func (d *Dialer) lose(r Reason, retryMillis uint32) {
	if d.state == dialClosing {
		r = ReasonLogout // whatever ends the wait
	}
	var flags uint8
	if d.Resumable() {
		flags = FlagResumable
	}
	was, session := d.state, d.id
	d.hangUp()
	d.closeTransport()
	d.tell(was, session, r, retryMillis, flags)
	if !d.Resumable() {
		d.forget()
	}
}

// end ends transport and login.
func (d *Dialer) end(r Reason) {
	d.token = token{}
	d.lose(r, 0)
}

// tell reports the end of an epoch, or of the try to make one.
func (d *Dialer) tell(was dialState, session node.Session, r Reason, retryMillis uint32, flags uint8) {
	switch was {
	case dialOpen, dialClosing:
		d.env.Answer(&node.Input{
			Kind: node.InDisconnected, Flags: flags, Session: session, Type: uint16(r), Num: d.cookie, Conn: uint64(retryMillis),
		})
	default:
		in := node.Input{Kind: node.InAnswer, Flags: flags, Type: AnswerDialFailed, Num: uint64(r), Conn: uint64(retryMillis)}
		if r == ReasonVersion {
			in.Body = append(in.Body, olderNames[d.older]...)
		}
		d.env.Answer(&in)
	}
}

func (d *Dialer) closeTransport() {
	d.state, d.dirty = dialIdle, false
	d.noise, d.question, d.ephemeral = nil, nil, [32]byte{}
	d.peer.detach()
	d.station.trim()
}

// forget drops the login: its token, its numbering and what it kept.
func (d *Dialer) forget() {
	d.token, d.tokenID, d.flow = token{}, 0, flow{}
}
