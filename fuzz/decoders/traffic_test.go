package decoders

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/scenarios"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// traffic is what crossed the wires of a simulated cluster, the first few of each kind.
type traffic struct {
	frames  [][]byte // between processes, whole frames
	clients [][]byte // client messages, header and payload
	packets [][]byte // of client sessions, sealed or not
}

// keptOfAKind is how many examples of each message number, or kind of packet, are kept.
const keptOfAKind = 2

// recorded plays one story and records it, once a process.
var recorded = sync.OnceValue(func() *traffic {
	sc := &sim.Scenario{
		Name: "traffic",
		Game: scenarios.Town(),
		Options: func(o *sim.Options, _ choice.Stream) {
			o.CallEvery, o.MoveEvery, o.Duration = 50*time.Millisecond, 100*time.Millisecond, time.Second
		},
	}
	d, err := sim.Begin(sc, sim.RunConfig{Seed: 1})
	if err != nil {
		panic(err)
	}
	all := &traffic{}
	all.listen(d.World)
	d.Tell(func() {
		d.SessionsMayEnd()
		d.Open()
		d.Join()
		d.Go(time.Second)
		pathfinder := d.NewPlayer("pathfinder", func(c *client.Config) { c.Method = string(siege.Where) })
		pathfinder.Start()
		d.Players[0].Drop()
		d.Go(time.Second)
		d.NewPlayer(d.Players[1].Account(), func(c *client.Config) { c.StayKicked = true }).Start()
		d.Kick(d.Players[2].Account())
		d.Go(time.Second)
		d.Crash(d.Players[0].Game(), 500*time.Millisecond)
		d.Go(3 * time.Second)
		d.Crash(d.Players[3].Gate(), 500*time.Millisecond)
	})
	if r := d.Finish(); r.Verdict != sim.Pass {
		panic(r.Message)
	}
	return all
})

// listen records what reaches processes.
func (all *traffic) listen(w *sim.World) {
	seen := map[[2]uint16]int{}
	keep := func(list *[][]byte, kind, number uint16, b []byte) {
		if key := [2]uint16{kind, number}; seen[key] < keptOfAKind {
			seen[key]++
			*list = append(*list, bytes.Clone(b))
		}
	}
	w.Tap(func(_ node.ID, in *node.Input) {
		switch in.Kind {
		case node.InConnData:
			for b := in.Body; ; {
				f, rest, err := wire.Split(b)
				if err != nil {
					break
				}
				keep(&all.frames, 0, f.Type, b[:len(b)-len(rest)])
				b = rest
			}
		case node.InClient:
			if typ, _, _, err := proto.SplitClient(in.Body); err == nil {
				keep(&all.clients, 1, typ, in.Body)
			}
		case node.InPacket:
			keep(&all.packets, 2, uint16(in.Body[0]), in.Body)
		}
	})
}

// The seeds are worth their name: most messages of a cluster's life are among them.
func TestTrafficIsRecorded(t *testing.T) {
	all := recorded()
	for what, got := range map[string]struct{ have, want int }{
		"frames": {len(all.frames), 50}, "client messages": {len(all.clients), 12}, "packets": {len(all.packets), 8},
	} {
		if got.have < got.want {
			t.Errorf("%d %s were recorded, at least %d were expected", got.have, what, got.want)
		}
	}
}
