// Command messiah-sim runs simulated clusters of the sample game: one seed, many
// seeds, a replay with its trace as text. A game's own simulator is as short.
package main

import (
	"messiah/scenarios"
	"messiah/sim/command"
)

// version is stamped by the build.
var version = "dev"

func main() {
	command.Main(command.Program{
		Version: version, Package: "messiah/sim/cmd/messiah-sim",
		Scenarios: scenarios.All(), Cases: scenarios.Cases(), Crowd: scenarios.Crowd,
	})
}
