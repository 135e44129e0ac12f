package scenarios

import (
	"time"

	"messiah/core/game"
	"messiah/scenarios/siege"
	"messiah/sim"
	"messiah/sim/choice"
)

// gameCodePanics has the code of some avatars fail where games contain that, as
// production's do: the avatar ends without being saved, and nobody else notices.
func gameCodePanics() *sim.Scenario {
	return &sim.Scenario{
		Name:  "game-code-panics",
		About: "A panic of game code ends its entity without a save, is told to callers, and hurts nobody else.",
		Marks: []string{"game-code-panicked", "dropped-after-panic"},
		Game:  fragileTown(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Clients = 2 + s.Choose("more-clients", 3)
			o.CallEvery, o.Stall = 50*time.Millisecond, 0
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			s.Go(8 * time.Second)
			// Over a slow link, one call at a time, the one that fails may take longer to come.
			s.Must("the code of an avatar has failed", func() bool { return s.Marks()["game-code-panicked"] > 0 }, time.Minute)
			s.Must("everybody plays again", s.AllIn, 30*time.Second)
			for _, c := range s.Players[1:] {
				if st := c.Status(); st.Kicks > 0 || st.Losses > 0 {
					s.Violate("progress", "%v was hurt by the code of another avatar", c.ID())
				}
			}
		},
	}
}

// panicsAt is which calls of the first player fail in its avatar's code.
const panicsAt = 40

// fragileTown is the sample game whose first player's avatar panics now and then.
func fragileTown() sim.Game {
	g := Town()
	g.Contain, g.Observed = true, true
	g.Script = func(o sim.Observer) game.Script {
		return siege.Script(&siege.Observer{Executed: func(account string, n, count uint64) {
			if account == sim.Account(1) && n%panicsAt == 0 {
				panic("the town has a hole")
			}
			if o.Executed != nil {
				o.Executed(account, n, count)
			}
		}})
	}
	return g
}
