package sim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"messiah/core/gate"
	"messiah/core/node"
	"messiah/netsim"
)

// Transport says how clients reach their gate in a simulated cluster.
type Transport string

// The transports. Both carry the same sealed sessions.
const (
	Stream Transport = "stream" // an ordered connection of the link model: the default tier
	KCP    Transport = "kcp"    // datagrams under the real ARQ: the KCP tier
)

// Options are all that a seed decides about a run before it begins. Each has a
// name by which it is printed and overridden.
type Options struct {
	Gates, Games, Clients int
	Transport             Transport
	Delivery              node.Delivery // of the gates' session events
	Pick                  gate.Pick

	ClientLink, ClusterLink netsim.Profile

	Service   time.Duration // how long a handler keeps its loop busy
	Stall     int           // chance in a million that a handler takes milliseconds
	LaneDelay time.Duration // the longest that a lane waits before a batch
	Skew      time.Duration // the furthest a process's wall clock is off
	Drift     int           // the most a wall clock runs wrong, in parts per million

	LinkBytes int // that a process keeps for another which has not acknowledged them

	StoreLatency time.Duration
	StoreFail    int // chance in a million that an operation fails
	StoreLose    int // that an answer is lost
	StoreDouble  int // that an answer comes twice

	Duration    time.Duration // of the part of the run with workload and faults
	CallEvery   time.Duration // between two calls of a client; 0 calls again at once
	MoveEvery   time.Duration // between two moves of a client; 0 stands still
	Outstanding int           // calls of a client under way at most
	Payload     int           // bytes of padding in a call
	Grace       time.Duration // so long a lost client may come back
	Rebalance   int           // avatars of a game over which some are moved to an emptier one; 0 moves nobody
	Knobs       Knobs         // how the roles' time-outs and bounds are set
	Faults      string        // the kinds of those faults that a story asks for, by Inject or Strike, which may strike: all, none, or some with commas between them
}

// DefaultOptions is a small cluster on good links, without faults.
func DefaultOptions() Options {
	return Options{
		Gates: 2, Games: 3, Clients: 4, Transport: Stream,
		ClientLink: netsim.LAN(), ClusterLink: netsim.LAN(),
		LinkBytes: node.MaxLinkBytes, Service: 2 * time.Microsecond, LaneDelay: 20 * time.Microsecond, StoreLatency: 2 * time.Millisecond,
		Duration: 5 * time.Second, CallEvery: 500 * time.Millisecond, Outstanding: 4, Payload: 16, Grace: 5 * time.Second,
		Knobs: Usual, Faults: allFaults,
	}
}

// option is one named option: how it is written and read.
type option struct {
	name  string
	about string
	get   func(o *Options) string
	set   func(o *Options, text string) error
}

var options = [...]option{
	number("gates", "gates in the cluster", 1, 16, func(o *Options) *int { return &o.Gates }),
	number("games", "games in the cluster", 1, 64, func(o *Options) *int { return &o.Games }),
	number("clients", "players", 0, 100_000, func(o *Options) *int { return &o.Clients }),
	choiceOf("transport", "how clients reach their gate", map[string]Transport{"stream": Stream, "kcp": KCP},
		func(o *Options) *Transport { return &o.Transport }),
	choiceOf("delivery", "of connected and disconnected", map[string]node.Delivery{"immediate": node.Immediate, "queued": node.Queued},
		func(o *Options) *node.Delivery { return &o.Delivery }),
	choiceOf("pick", "how a gate picks a game", map[string]gate.Pick{"random": gate.PickRandom, "fewest": gate.PickFewest},
		func(o *Options) *gate.Pick { return &o.Pick }),
	profile("client-link", "quality between clients and gates: a profile, or lossy:N for N percent lost each way at 50 ms there and back", func(o *Options) *netsim.Profile { return &o.ClientLink }),
	profile("cluster-link", "quality between processes", func(o *Options) *netsim.Profile { return &o.ClusterLink }),
	span("service", "how long a handler keeps its loop busy", func(o *Options) *time.Duration { return &o.Service }),
	number("stall", "chance in a million that a handler takes milliseconds", 0, netsim.Million, func(o *Options) *int { return &o.Stall }),
	span("lane-delay", "the longest that a lane waits before a batch", func(o *Options) *time.Duration { return &o.LaneDelay }),
	span("skew", "the furthest a wall clock is off", func(o *Options) *time.Duration { return &o.Skew }),
	number("drift", "the most a wall clock runs wrong, in parts per million", 0, netsim.Million, func(o *Options) *int { return &o.Drift }),
	number("link-bytes", "that a process keeps for another which has not acknowledged them", 1<<10, node.MaxLinkBytes, func(o *Options) *int { return &o.LinkBytes }),
	span("store-latency", "of a store operation", func(o *Options) *time.Duration { return &o.StoreLatency }),
	number("store-fail", "chance in a million that a store operation fails", 0, netsim.Million, func(o *Options) *int { return &o.StoreFail }),
	number("store-lose", "chance in a million that a store answer is lost", 0, netsim.Million, func(o *Options) *int { return &o.StoreLose }),
	number("store-double", "chance in a million that a store answer comes twice", 0, netsim.Million, func(o *Options) *int { return &o.StoreDouble }),
	span("duration", "of the part with workload and faults", func(o *Options) *time.Duration { return &o.Duration }),
	span("call-every", "between two calls of a client", func(o *Options) *time.Duration { return &o.CallEvery }),
	span("move-every", "between two moves of a client, 0 stands still", func(o *Options) *time.Duration { return &o.MoveEvery }),
	number("outstanding", "calls of a client under way at most", 1, 1024, func(o *Options) *int { return &o.Outstanding }),
	number("payload", "bytes of padding in a call", 0, 60_000, func(o *Options) *int { return &o.Payload }),
	span("grace", "so long a lost client may come back", func(o *Options) *time.Duration { return &o.Grace }),
	number("rebalance", "avatars of a game over which some are moved to an emptier one, 0 moves nobody", 0, 100_000, func(o *Options) *int { return &o.Rebalance }),
	choiceOf("knobs", "how the roles' time-outs and bounds are set", map[string]Knobs{"usual": Usual, "tight": Tight, "loose": Loose},
		func(o *Options) *Knobs { return &o.Knobs }),
	{"faults", "which kinds of fault may strike: all, none, or some of them, with commas between",
		func(o *Options) string { return o.Faults }, setFaults},
}

// Set changes the option of that name. It fails with one line that names the
// option and what is allowed.
func (o *Options) Set(name, text string) error {
	for i := range options {
		if options[i].name == name {
			if err := options[i].set(o, text); err != nil {
				return fmt.Errorf("sim: option %s: %w", name, err)
			}
			return nil
		}
	}
	return fmt.Errorf("sim: no option %q; there are %s", name, strings.Join(OptionNames(), ", "))
}

// setPair changes the option that KEY=VALUE names.
func (o *Options) setPair(pair string) error {
	key, value, ok := strings.Cut(pair, "=")
	if !ok {
		return fmt.Errorf("sim: %q is not KEY=VALUE", pair)
	}
	return o.Set(key, value)
}

// Text returns every option as it is written, by name.
func (o *Options) Text() map[string]string {
	all := make(map[string]string, len(options))
	for i := range options {
		all[options[i].name] = options[i].get(o)
	}
	return all
}

// OptionNames lists the options in the order of their declaration.
func OptionNames() []string {
	names := make([]string, len(options))
	for i := range options {
		names[i] = options[i].name
	}
	return names
}

// AboutOption returns what the option of that name decides.
func AboutOption(name string) string {
	for i := range options {
		if options[i].name == name {
			return options[i].about
		}
	}
	return ""
}

// The two words for all and no kinds of fault.
const (
	allFaults = "all"
	noFaults  = "none"
)

func setFaults(o *Options, text string) error {
	if text != allFaults && text != noFaults {
		for kind := range strings.SplitSeq(text, ",") {
			if !slices.Contains(AllFaultKinds(), FaultKind(kind)) {
				return fmt.Errorf("%q is neither all nor none nor one of %s", kind, joinKinds())
			}
		}
	}
	o.Faults = text
	return nil
}

// allows tells whether a kind of fault may strike.
func (o *Options) allows(kind FaultKind) bool {
	switch o.Faults {
	case allFaults:
		return true
	case noFaults:
		return false
	}
	for one := range strings.SplitSeq(o.Faults, ",") {
		if one == string(kind) {
			return true
		}
	}
	return false
}

func number(name, about string, least, most int, field func(*Options) *int) option {
	return option{name, about,
		func(o *Options) string { return strconv.Itoa(*field(o)) },
		func(o *Options, text string) error {
			n, err := strconv.Atoi(text)
			if err != nil || n < least || n > most {
				return fmt.Errorf("%q is not a number from %d to %d", text, least, most)
			}
			*field(o) = n
			return nil
		}}
}

func span(name, about string, field func(*Options) *time.Duration) option {
	return option{name, about,
		func(o *Options) string { return field(o).String() },
		func(o *Options, text string) error {
			d, err := time.ParseDuration(text)
			if err != nil || d < 0 || d > 24*time.Hour {
				return fmt.Errorf("%q is not a duration like 250ms, up to 24h", text)
			}
			*field(o) = d
			return nil
		}}
}

func profile(name, about string, field func(*Options) *netsim.Profile) option {
	return option{name, about,
		func(o *Options) string { return field(o).Name },
		func(o *Options, text string) error {
			p, err := netsim.ProfileNamed(text)
			if err != nil {
				var names []string
				for _, one := range netsim.Profiles() {
					names = append(names, one.Name)
				}
				return fmt.Errorf("%q is none of %s, lossy:0 to lossy:50", text, strings.Join(names, ", "))
			}
			*field(o) = p
			return nil
		}}
}

func choiceOf[T comparable](name, about string, values map[string]T, field func(*Options) *T) option {
	names := make([]string, 0, len(values))
	for one := range values {
		names = append(names, one)
	}
	slices.Sort(names)
	return option{name, about,
		func(o *Options) string {
			for _, one := range names {
				if values[one] == *field(o) {
					return one
				}
			}
			return "?"
		},
		func(o *Options, text string) error {
			v, ok := values[text]
			if !ok {
				return errors.New("\"" + text + "\" is none of " + strings.Join(names, ", "))
			}
			*field(o) = v
			return nil
		}}
}
