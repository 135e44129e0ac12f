package bots

import (
	"crypto/rand"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"messiah/core/client"
	"messiah/core/node"
)

// loop runs a share of the bots on one goroutine.
type loop struct {
	swarm  *Swarm
	number int
	poll   *poller

	bots     []bot
	schedule schedule
	runnable []*bot // that something has happened to in this round
	begun    int    // bots that were started
	live     int    // of these, the ones that have not ended
	stopping bool
	now      node.Time
	wall     int64
	buffer   []byte // what is read
	gather   []byte // what is written to one stream

	silence                time.Duration // the longest between two answers to one bot
	rtt                    Histogram
	freezes                Histogram // of calls by migrations
	reads, writes, bytesIn atomic.Uint64
	unsent                 atomic.Uint64 // datagrams that the system did not take
	tally                  atomic.Pointer[Tally]

	mu       sync.Mutex
	commands []func()
	errors   int
}

// Bounds of one round of a loop.
const (
	readSize     = 256 << 10
	longestWait  = 250 * time.Millisecond
	tallyEvery   = 200 * time.Millisecond
	maxComplains = 5 // failures of the system that are logged; all count
)

func newLoop(s *Swarm, number, bots int) (*loop, error) {
	poll, err := newPoller()
	if err != nil {
		return nil, err
	}
	l := &loop{swarm: s, number: number, poll: poll, bots: make([]bot, bots), buffer: make([]byte, readSize)}
	for i := range l.bots {
		l.bots[i].index = i
		nth := i*len(s.loops) + number
		l.schedule.want(i, node.Time(time.Duration(nth)*time.Second/time.Duration(s.cfg.LoginsPerSecond)))
	}
	l.tally.Store(&Tally{})
	return l, nil
}

// times reads the clocks.
func (l *loop) times() (node.Time, int64) {
	now := time.Now()
	return node.Time(now.Sub(l.swarm.epoch)), now.UnixNano()
}

// do runs f on the loop's goroutine and returns when it has run, or the loop has ended.
func (l *loop) do(f func()) {
	done := make(chan struct{})
	l.mu.Lock()
	l.commands = append(l.commands, func() { f(); close(done) })
	l.mu.Unlock()
	l.poll.ring()
	select {
	case <-done:
	case <-l.swarm.ended:
	}
}

// run is the loop. It ends when every bot has ended after a stop.
func (l *loop) loop() {
	defer l.swarm.running.Done()
	next := node.Time(0)
	for !l.stopping || l.live > 0 {
		l.now, l.wall = l.times()
		events := l.poll.wait(min(max(l.schedule.next().Sub(l.now), 0), longestWait))
		l.now, l.wall = l.times()
		for i := range events {
			if events[i].Fd == bellIndex {
				l.poll.hush()
				continue
			}
			l.event(&l.bots[events[i].Fd], events[i].Events)
		}
		for i, ok := l.schedule.due(l.now); ok; i, ok = l.schedule.due(l.now) {
			l.timely(&l.bots[i])
		}
		l.obey()
		for i := 0; i < len(l.runnable); i++ {
			l.runnable[i].queued = false
			l.run(l.runnable[i])
		}
		l.runnable = l.runnable[:0]
		if l.now >= next {
			next = l.now.Add(tallyEvery)
			l.count()
		}
	}
	l.count()
}

// queue has the bot run in this round.
func (l *loop) queue(b *bot) {
	if !b.queued {
		b.queued = true
		l.runnable = append(l.runnable, b)
	}
}

// timely handles a bot whose time has come: it is started, or something of it may be due.
func (l *loop) timely(b *bot) {
	if b.host == nil {
		if l.stopping {
			return
		}
		entropy := make([]byte, node.EntropySize)
		if _, err := rand.Read(entropy); err != nil {
			l.failed("entropy", err)
			return
		}
		nth := b.index*len(l.swarm.loops) + l.number
		l.boot(b, l.swarm.cfg.Prefix+strconv.Itoa(nth+1), entropy)
		l.begun++
		l.live++
	}
	l.queue(b)
}

// obey runs what other goroutines asked for.
func (l *loop) obey() {
	l.mu.Lock()
	commands := l.commands
	l.commands = nil
	l.mu.Unlock()
	for _, f := range commands {
		f()
	}
}

// tell delivers an input to every bot that runs.
func (l *loop) tell(in *node.Input) {
	for i := range l.bots {
		if b := &l.bots[i]; b.host != nil && !b.ended {
			b.host.Deliver(in)
			l.queue(b)
		}
	}
}

// count publishes what the bots have seen so far.
func (l *loop) count() {
	t := &Tally{}
	for i := range l.bots {
		if b := &l.bots[i]; b.host != nil {
			t.take(b.client.Inspect(), b.ended)
		}
	}
	t.Silence = l.silence
	t.Begun, t.BytesIn, t.Unsent = l.begun, l.bytesIn.Load(), l.unsent.Load()
	t.Reads, t.Writes = l.reads.Load(), l.writes.Load()
	l.tally.Store(t)
}

// failed logs that the system refused something, a few times.
func (l *loop) failed(what string, err error) {
	if l.errors++; l.errors <= maxComplains {
		l.swarm.cfg.Log.Warn("bots: the system refuses", "what", what, "error", err)
	}
}

// Tally is what bots have seen.
type Tally struct {
	Begun int // bots that were started
	In    int // bots that have their avatar now
	Ended int // bots that have logged out

	Sent, Done, Failed, Unknown uint64 // calls
	Open                        int    // calls without an outcome yet
	Owed                        int    // of these, the ones of bots that have their avatar

	Stored  uint64        // calls that their avatars have said to be in the store
	Keeping int           // bots whose avatar has said so of any
	Silence time.Duration // the longest between two answers to one bot since the last Restart

	Lost, Doubled, Reordered               uint64 // what must not be
	Forgotten                              uint64 // of the lost: answers of avatars that remembered less than was in the store
	Refusals, Kicks, Resumes, Logins, Loss uint64
	Corrections                            uint64 // of moves that were refused
	Migrations                             uint64

	BytesIn       uint64
	Unsent        uint64 // datagrams that the system did not take
	Reads, Writes uint64 // system calls

	Faults []string // the first few, described
}

// maxFaults bounds how many faults of all bots are described; all are counted.
const maxFaults = 16

func (t *Tally) take(s client.Status, ended bool) {
	if s.State == client.In {
		t.In++
		t.Owed += s.Open
	}
	if ended {
		t.Ended++
	}
	t.Sent += s.Calls.Sent
	t.Done += s.Calls.Done
	t.Failed += s.Calls.Failed
	t.Unknown += s.Calls.Unknown
	t.Open += s.Open
	t.Lost += s.Calls.Lost + s.PushGaps + s.Forgotten
	t.Forgotten += s.Forgotten
	if t.Stored += s.Kept; s.Kept > 0 {
		t.Keeping++
	}
	t.Doubled += s.Calls.Doubled
	t.Reordered += s.Calls.Reordered + s.PushDisorder + s.LedgerFaults
	t.Refusals += s.Refusals
	t.Kicks += s.Kicks
	t.Resumes += s.Resumes
	t.Logins += s.Logins
	t.Loss += s.Losses
	t.Corrections += s.Corrections
	t.Migrations += s.Migrations
	for _, f := range s.Calls.Faults {
		if len(t.Faults) < maxFaults {
			t.Faults = append(t.Faults, s.Account+": "+f)
		}
	}
}

// add sums the tallies of two loops.
func (t *Tally) add(u *Tally) {
	t.Begun += u.Begun
	t.In += u.In
	t.Ended += u.Ended
	t.Open += u.Open
	t.Owed += u.Owed
	t.Keeping += u.Keeping
	t.Silence = max(t.Silence, u.Silence)
	for _, pair := range [][2]*uint64{
		{&t.Sent, &u.Sent}, {&t.Done, &u.Done}, {&t.Failed, &u.Failed}, {&t.Unknown, &u.Unknown},
		{&t.Lost, &u.Lost}, {&t.Doubled, &u.Doubled}, {&t.Reordered, &u.Reordered},
		{&t.Stored, &u.Stored}, {&t.Forgotten, &u.Forgotten},
		{&t.Refusals, &u.Refusals}, {&t.Kicks, &u.Kicks}, {&t.Resumes, &u.Resumes},
		{&t.Logins, &u.Logins}, {&t.Loss, &u.Loss}, {&t.Corrections, &u.Corrections}, {&t.Migrations, &u.Migrations},
		{&t.BytesIn, &u.BytesIn}, {&t.Unsent, &u.Unsent}, {&t.Reads, &u.Reads}, {&t.Writes, &u.Writes},
	} {
		*pair[0] += *pair[1]
	}
	t.Faults = append(t.Faults, u.Faults[:min(len(u.Faults), maxFaults-len(t.Faults))]...)
}
