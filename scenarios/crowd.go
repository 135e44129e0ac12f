package scenarios

import (
	"time"

	"messiah/netsim"
	"messiah/sim"
	"messiah/sim/choice"
)

// Crowd is the workload by which the simulator's speed is measured: players who
// move at 10 Hz and call twice a second over links with a LAN's jitter. It is
// told before and after the measured time, in which only that happens.
func Crowd(clients int, measured time.Duration, before, after func(*sim.Story)) *sim.Scenario {
	return &sim.Scenario{
		Name:  "crowd",
		About: "The workload of `messiah-sim speed`.",
		Game:  Town(),
		Options: func(o *sim.Options, _ choice.Stream) {
			o.Clients = clients
			o.ClientLink = netsim.LAN()
			o.CallEvery = 500 * time.Millisecond
			o.MoveEvery = 100 * time.Millisecond
			o.Duration = measured
		},
		Play: func(s *sim.Story) {
			s.Open()
			s.JoinWithin(time.Duration(clients)*time.Millisecond, 120*time.Second)
			s.Go(time.Second)
			before(s)
			s.Go(measured)
			after(s)
		},
	}
}
