package scenarios

import (
	"time"

	"messiah/sim"
	"messiah/sim/choice"
)

// firstSave is when avatars are saved for the first time, behind the login.
const firstSave = 10 * time.Second

// promiseKept kills a game and the db while the copies of avatars' records are on
// their way to a slow store, so that nobody is left to repeat them. What an avatar
// has told its client to be in the store is there, and what is only on its way was
// not told of.
func promiseKept() *sim.Scenario {
	return &sim.Scenario{
		Name:  "promise-kept",
		About: "What game code said to be in the store outlives its game, though that and the db die while the next copy is on its way.",
		Marks: []string{"db-lost", "claim-from-the-dead"},
		Game:  Town(),
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			usualTimes(o)
			o.Games, o.Stall = 2+s.Choose("more-games", 2), 0
			o.CallEvery = 50 * time.Millisecond
			o.StoreLatency = choice.Pick(s, "slow-store", slowStores())
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			s.Open()
			s.Join()
			s.Go(firstSave - time.Second)
			s.Wait("into-the-save", 3*time.Second)
			game := s.Players[s.Pick("whose", len(s.Players))].Game()
			if game == 0 {
				game = sim.GameID(1)
			}
			s.Crash(sim.DBID, time.Second)
			s.Crash(game, time.Duration(1+s.Pick("restart", 10))*200*time.Millisecond)
			s.Must("everybody plays again", s.AllIn, 30*time.Second)
			s.Go(s.Options().Duration)
		},
	}
}
