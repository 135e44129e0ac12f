// Package bots is a crowd of clients over real sockets: it makes load, and
// checks what each client was promised. A bot is the client role with its
// session lane, the same code as in the simulator, and a socket of its own; a
// few loops run them all.
package bots

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"messiah/core/addr"
	"messiah/core/arq"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/rpc"
	"messiah/core/session"
	"messiah/core/wire"
)

// Config says where the bots go, how many they are and what they do.
type Config struct {
	Gates     []string // "kcp://host:port" or "tcp://host:port"; each bot picks one
	ServerKey [32]byte // the gates' public key
	Version   wire.Version
	Clients   int
	Prefix    string // of account names; a number follows
	Password  string // of all accounts; empty: each one's name, for clusters that ask for none

	RPC         *rpc.Table    // the numbers of names
	Method      string        // what they call: "count" is checked by the avatar too, "echo" is cheaper
	Payload     int           // bytes of padding in a call
	Asked       bool          // they make the calls of Do alone
	Outstanding int           // calls of one bot under way at most
	Every       time.Duration // between two calls of one bot; 0: as soon as an answer came
	Client      addr.ClientID // the label of a single bot; zero: each draws one
	NumberBase  uint64        // what the numbers of calls begin after: client.Config has more
	StayKicked  bool          // a second login elsewhere is the end of a bot
	Greeting    *proto.Ask    // what each avatar is to hear: client.Config has more

	LoginsPerSecond int           // so fast the bots come
	DialWithin      time.Duration // a dial that takes longer is given up
	DeadAfter       time.Duration // a gate from which nothing comes for so long is lost
	Loops           int           // goroutines that run them; 0: one for each processor
	Log             *slog.Logger

	Ending func(context.Context, *Swarm) // what Measure does once it has measured, before the bots leave; may be nil
}

// Defaults of Config.
const (
	DefaultLoginsPerSecond = 500
	DefaultDialWithin      = time.Second
	DefaultDeadAfter       = 3 * time.Second
)

// MaxClients bounds the bots of one process; each has a socket.
const MaxClients = 1 << 16

// Swarm is a crowd of running bots.
type Swarm struct {
	cfg     Config
	gates   []node.Endpoint
	log     func(level node.Level, text string, pairs ...any)
	loops   []*loop
	epoch   time.Time
	running sync.WaitGroup
	ended   chan struct{} // closed when all loops have ended
	asked   atomic.Uint64 // key of the latest single call that a bot was had to make
}

func newARQ(conversation uint32, mtu int) session.ARQ { return arq.New[node.Time](conversation, mtu) }

// Start begins to send the bots in. They run until Stop.
func Start(cfg Config) (*Swarm, error) {
	gates, err := endpoints(cfg.Gates)
	if err != nil {
		return nil, err
	}
	if cfg.Clients < 1 || cfg.Clients > MaxClients {
		return nil, fmt.Errorf("bots: %d clients; between 1 and %d are possible", cfg.Clients, MaxClients)
	}
	if cfg.LoginsPerSecond <= 0 {
		cfg.LoginsPerSecond = DefaultLoginsPerSecond
	}
	if cfg.DialWithin <= 0 {
		cfg.DialWithin = DefaultDialWithin
	}
	if cfg.DeadAfter <= 0 {
		cfg.DeadAfter = DefaultDeadAfter
	}
	if cfg.Loops <= 0 {
		cfg.Loops = runtime.GOMAXPROCS(0)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := allowSockets(cfg.Clients); err != nil {
		return nil, err
	}
	s := &Swarm{cfg: cfg, gates: gates, epoch: time.Now(), ended: make(chan struct{}), log: logger(cfg.Log)}
	return s, s.start(min(cfg.Loops, cfg.Clients))
}

func (s *Swarm) start(loops int) error {
	s.loops = make([]*loop, loops)
	for i := range s.loops {
		l, err := newLoop(s, i, (s.cfg.Clients-i+loops-1)/loops)
		if err != nil {
			for _, made := range s.loops[:i] {
				made.poll.close()
			}
			return fmt.Errorf("bots: %w", err)
		}
		s.loops[i] = l
	}
	s.running.Add(loops)
	for _, l := range s.loops {
		go l.loop()
	}
	go func() {
		s.running.Wait()
		close(s.ended)
	}()
	return nil
}

func logger(log *slog.Logger) func(level node.Level, text string, pairs ...any) {
	levels := [...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	return func(level node.Level, text string, pairs ...any) {
		log.Log(context.Background(), levels[min(int(level), len(levels)-1)], text, pairs...)
	}
}

// each runs f on every loop's goroutine, one after the other.
func (s *Swarm) each(f func(*loop)) {
	for _, l := range s.loops {
		l.do(func() { f(l) })
	}
}

// Tally returns what all bots have seen, at most a moment ago.
func (s *Swarm) Tally() Tally {
	var sum Tally
	for _, l := range s.loops {
		sum.add(l.tally.Load())
	}
	return sum
}

// Percentiles returns the round-trip times since the last Restart.
func (s *Swarm) Percentiles() *Percentiles {
	p := &Percentiles{}
	for _, l := range s.loops {
		p.Take(&l.rtt)
	}
	return p
}

// Freezes returns how long calls were held up by migrations since the last Restart.
func (s *Swarm) Freezes() *Percentiles {
	p := &Percentiles{}
	for _, l := range s.loops {
		p.Take(&l.freezes)
	}
	return p
}

// Restart forgets the round-trip times, freezes and silences so far and returns an exact tally: the beginning of a measurement.
func (s *Swarm) Restart() Tally {
	s.each(func(l *loop) {
		l.rtt.Reset()
		l.freezes.Reset()
		l.silence = 0
		l.count()
	})
	return s.Tally()
}

// Count returns an exact tally.
func (s *Swarm) Count() Tally {
	s.each((*loop).count)
	return s.Tally()
}

// pollEvery is how often a waiting goroutine looks whether what it waits for is so.
const pollEvery = 20 * time.Millisecond

// until waits for a condition on the tally; false says that the context ended first.
func (s *Swarm) until(ctx context.Context, is func(Tally) bool) bool {
	return poll(ctx, func() bool { return is(s.Tally()) })
}

// poll waits for a condition; false says that the context ended first.
func poll(ctx context.Context, is func() bool) bool {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !is() {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// AllIn waits until every bot has its avatar; false says that the context ended first.
func (s *Swarm) AllIn(ctx context.Context) bool {
	return s.until(ctx, func(t Tally) bool { return t.In == s.cfg.Clients })
}

// Quiet makes the bots stop calling and waits until every call has its outcome;
// false says that the context ended first.
func (s *Swarm) Quiet(ctx context.Context) bool {
	body := wire.Append(nil, &proto.Workload{Calls: 1, Outstanding: 0})
	s.each(func(l *loop) {
		l.tell(&node.Input{Kind: node.InMessage, Type: proto.TypeWorkload, Body: body})
	})
	s.Count()
	return s.until(ctx, func(t Tally) bool { return t.Open == 0 })
}

// Stop logs the bots out and ends the loops. Bots that have not come out when
// the context ends are cut off.
func (s *Swarm) Stop(ctx context.Context) Tally {
	s.each(func(l *loop) {
		l.stopping = true
		l.tell(&node.Input{Kind: node.InStop})
	})
	select {
	case <-s.ended:
	case <-ctx.Done():
		s.each(func(l *loop) {
			for i := range l.bots {
				if b := &l.bots[i]; b.host != nil && !b.ended {
					l.end(b)
				}
			}
		})
		<-s.ended
	}
	for _, l := range s.loops {
		l.poll.close()
	}
	return s.Tally()
}

// endpoints resolves the gates; all are of one transport. A stream's endpoint
// has any number: the session lane gives each connection its own.
func endpoints(urls []string) ([]node.Endpoint, error) {
	if len(urls) == 0 {
		return nil, errors.New("bots: no gate is named")
	}
	var list []node.Endpoint
	first := ""
	for _, url := range urls {
		transport, addr, ok := strings.Cut(url, "://")
		if !ok || transport != "kcp" && transport != "tcp" {
			return nil, fmt.Errorf("bots: gate %q is no kcp://host:port or tcp://host:port", url)
		}
		if first == "" {
			first = transport
		}
		if transport != first {
			return nil, fmt.Errorf("bots: gate %q is of another transport than %s", url, urls[0])
		}
		at, err := resolve(addr)
		if err != nil {
			return nil, fmt.Errorf("bots: gate %q: %w", url, err)
		}
		if transport == "tcp" {
			at.Stream = 1
		}
		list = append(list, at)
	}
	return list, nil
}
