package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime/pprof"
	"strings"
	"time"

	"messiah/core/check"
	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/proto"
	"messiah/prod/bots"
	"messiah/prod/config"
	"messiah/scenarios/siege"
)

type botsCommand struct {
	configFlags
	Gate        []string      `placeholder:"ADDR" help:"Gates to connect to: host:port or kcp://host:port; may be repeated. Default: the configured ones."`
	More        []string      `arg:"" optional:"" name:"addr" help:"Further gates."`
	Clients     int           `default:"50" help:"How many."`
	For         time.Duration `default:"10s" help:"How long they call once all are in."`
	Transport   string        `enum:"kcp,tcp" default:"kcp" help:"kcp or tcp."`
	Verify      bool          `help:"Check order, loss and doubling with the avatar's word as well, and exit 1 on any."`
	JSON        bool          `name:"json" help:"Print one JSON document."`
	Outstanding int           `default:"0" help:"Calls of one client under way at most; 0: 1, and 16 with --every."`
	Every       time.Duration `default:"0s" help:"Between two calls of one client; 0: as soon as an answer came."`
	Tour        time.Duration `default:"0s" help:"Each client's avatar goes to another game so often, and writes numbered letters to another's by mailbox and proxy; 0: it stays."`
	Payload     int           `default:"0" help:"Bytes of padding in a call, beside 8 of its number."`
	ServerKey   string        `placeholder:"KEY" help:"The gates' public key: 64 hexadecimal digits or a file. Default: gate.key.pub of the state directory."`
	Rate        int           `default:"500" help:"Logins a second on the way in."`
	Prefix      string        `default:"" help:"Begins the account names; empty: another one for each run, since avatars remember what they counted."`
	Password    bool          `help:"Read the password of all bots from the standard input, one line; messiah store account add PREFIX --count N makes their accounts."`
	Profile     string        `hidden:"" placeholder:"FILE" help:"Write a processor profile of the bots themselves."`
	Loops       int           `default:"0" help:"Goroutines that run the clients; 0: one for each processor."`
}

// Help is the example.
func (botsCommand) Help() string {
	return "Exit status 1 says that --verify found something, or that not all clients were in.\n\n" +
		"Example:\n\n  messiah bots --gate 127.0.0.1:7800 --gate 127.0.0.1:7801 --clients 200 --for 10s --verify --json"
}

// Bounds of what a bot may be told.
const (
	maxPayload     = 32 << 10
	maxOutstanding = 4000
)

func (b *botsCommand) check() error {
	switch {
	case b.Clients < 1 || b.Clients > bots.MaxClients:
		return fmt.Errorf("messiah: bots: --clients %d is not between 1 and %d", b.Clients, bots.MaxClients)
	case b.For <= 0:
		return fmt.Errorf("messiah: bots: --for %v is no time to call in", b.For)
	case b.Outstanding < 0 || b.Outstanding > maxOutstanding:
		return fmt.Errorf("messiah: bots: --outstanding %d is not between 1 and %d", b.Outstanding, maxOutstanding)
	case b.Every < 0:
		return fmt.Errorf("messiah: bots: --every %v is negative", b.Every)
	case b.Tour != 0 && b.Tour < time.Millisecond:
		return fmt.Errorf("messiah: bots: --tour %v is shorter than a millisecond", b.Tour)
	case b.Payload < 0 || b.Payload > maxPayload:
		return fmt.Errorf("messiah: bots: --payload %d is not between 0 and %d", b.Payload, maxPayload)
	case b.Rate < 1:
		return fmt.Errorf("messiah: bots: --rate %d lets nobody in", b.Rate)
	case b.Loops < 0:
		return fmt.Errorf("messiah: bots: --loops %d is negative", b.Loops)
	}
	return nil
}

// outstandingFor is how many calls may be under way where nothing is said: with
// a beat, enough that a slow answer does not hold it up.
func outstandingFor(every time.Duration, said int) int {
	switch {
	case said > 0:
		return said
	case every > 0:
		return 16
	}
	return 1
}

// freshPrefix begins account names that no other run has, such as "bot-3f9a61-".
func freshPrefix() string {
	return fmt.Sprintf("bot-%06x-", rand.Uint32()>>8)
}

// Run sends the clients in.
func (b *botsCommand) Run(to streams) error {
	if err := b.check(); err != nil {
		return usage(err)
	}
	c, err := b.load(to, 0, 0)
	if err != nil {
		return err
	}
	gates, err := b.gates(&c)
	if err != nil {
		return usage(err)
	}
	key, err := c.ServerKey(b.ServerKey)
	if err != nil {
		return usage(err)
	}
	password := ""
	if b.Password {
		if password, err = readPassword(os.Stdin, to, "the bots' password: "); err != nil {
			return err
		}
	}
	method := string(siege.Echo)
	if b.Verify {
		method = string(siege.Count)
	}
	if b.Profile != "" {
		f, err := os.Create(b.Profile)
		if err != nil {
			return usage(fmt.Errorf("messiah: bots: --profile: %w", err))
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("messiah: bots: --profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	ctx, quit := interrupted(to)
	defer quit()
	var travels *check.Travels
	cfg := bots.Config{
		Gates: gates, RPC: siege.RPC(), ServerKey: key, Version: proto.Version(siege.RPC().Schema(), siege.RPC().Digest()), Clients: b.Clients, Prefix: cmp.Or(b.Prefix, freshPrefix()), Password: password,
		Method: method, Payload: b.Payload, Outstanding: outstandingFor(b.Every, b.Outstanding), Every: b.Every,
		LoginsPerSecond: b.Rate, Loops: b.Loops, Log: logger(c.Log, slog.LevelWarn, to),
	}
	if b.Tour > 0 {
		ask := client.AskOf(cfg.RPC, 0, siege.Tour, b.Tour)
		cfg.Greeting = &ask
		cfg.Ending = func(ctx context.Context, s *bots.Swarm) { travels = tales(ctx, s) }
	}
	report, err := bots.Measure(ctx, cfg, b.For, func(phase string) { fmt.Fprintln(to.err, phase) })
	if err != nil {
		return err
	}
	report.Count(travels)
	if b.JSON {
		err = json.NewEncoder(to.out).Encode(report)
	} else {
		err = writeReport(to.out, &report)
	}
	if err != nil {
		return fmt.Errorf("messiah: bots: %w", err)
	}
	if b.Verify && !report.Verified {
		return fmt.Errorf("messiah: bots: %d of %d clients were in at the end; %d calls lost, %d doubled, %d out of order%s",
			report.Connected, report.Clients, report.Lost, report.Duplicated, report.Reordered,
			strings.Join(append([]string{""}, report.Faults...), "\n  "))
	}
	return nil
}

// talesWithin is how long travellers have for what is under way when they end their tour:
// longer than a letter waits for its answer.
const talesWithin = 12 * time.Second

// tales ends all tours and returns what became of them. What has no outcome then is lost.
func tales(ctx context.Context, s *bots.Swarm) *check.Travels {
	ctx, cancel := context.WithTimeout(ctx, talesWithin)
	defer cancel()
	bots.DoAll(ctx, s, siege.Tour, 0)
	sum := &check.Travels{}
	for {
		all := bots.DoAll(ctx, s, siege.Tales, entity.None{})
		if ctx.Err() != nil { // not everybody has told: what was told before stands
			sum.Lost += sum.Open()
			return sum
		}
		*sum = check.Travels{}
		for i := range all {
			sum.Add(&all[i])
		}
		if sum.Open() == 0 {
			return sum
		}
	}
}

// gates are the addresses with their transport: those that were named, or the configured ones.
func (b *botsCommand) gates(c *config.Config) ([]string, error) {
	var list []string
	for _, addr := range append(b.Gate, b.More...) {
		if !strings.Contains(addr, "://") {
			addr = b.Transport + "://" + addr
		}
		transport, _, err := config.SplitClients(addr)
		if err != nil {
			return nil, fmt.Errorf("messiah: bots: --gate %w", err)
		}
		if transport != b.Transport {
			return nil, fmt.Errorf("messiah: bots: --gate %s is not of --transport %s", addr, b.Transport)
		}
		list = append(list, addr)
	}
	if len(list) > 0 {
		return list, nil
	}
	for _, g := range c.Gates {
		for _, url := range g.Clients {
			if strings.HasPrefix(url, b.Transport+"://") {
				list = append(list, url)
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("messiah: bots: no configured gate takes %s clients; name one with --gate", b.Transport)
	}
	return list, nil
}

func writeReport(w io.Writer, r *bots.Report) error {
	_, err := fmt.Fprintf(w, `%d of %d clients in over %s, %.1f s measured
calls      %.0f/s answered, %d failed or unknown
RTT        p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, longest %.3f ms
down       %.0f kbit/s to all
checked    %d lost, %d doubled, %d out of order
moved      %d times, a call held up p50 %.3f ms, p99 %.3f ms, longest %.3f ms
sessions   %d logins, %d resumed, %d refused at first, %d logged out
`, r.Connected, r.Clients, r.Transport, r.Seconds, r.CallsPerS, r.Errors, r.RTT.P50, r.RTT.P99, r.RTT.P999, r.RTT.Max,
		r.DownBitsPerS/1000, r.Lost, r.Duplicated, r.Reordered, r.Migrations, r.Freeze.P50, r.Freeze.P99, r.Freeze.Max, r.Logins, r.Resumed, r.Refused, r.LoggedOut)
	return err
}
