package main

// allowed are the guards whose deletion need not be noticed by a sweep, each
// with the reason. The key is the guard's name.
var allowed = map[string]string{
	"core/gate/start.go pick: g.cfg.Pick == PickRandom": "without it the game with the fewest clients is picked, " +
		"which is one of those that random picking may pick: what differs is a matter of balance over many logins, and of no single run",
	"core/game/login.go exit: t.leaving == s": "the branch below says of such a route what was said of it before: " +
		"an avatar with a route that is leaving has no client and is no longer live, so that nothing changes but a mark",
	"core/game/login.go gateLost: t.leaving.Gate == gate": "without it the route of the dead gate goes with its avatar, which is being " +
		"unloaded, and the word to it finds no link of that life: what is spared is that word",
	"core/dbm/store.go ended: !known": "no record has an empty key, which the db refuses, so that an answer without a question " +
		"finds no record under the empty key either",
	"core/node/link.go redial: d.ended || planted.On(\"no-redial\")": "a dial that has ended is on no list, so that the timer which is set for it finds none: what is spared is that timer",
	"core/node/link.go remember: len(h.forgotten) == maxForgotten": "it bounds memory after a thousand deaths, more than the manager " +
		"ever lists and a run has room for; the package's own test forgets as many lives and counts them",
}

// reasonFor returns why a guard may survive, or "".
func reasonFor(g *guard) string { return allowed[g.name()] }
