// Command inn-sim simulates the game of the tutorial, scenarios/inn.
package main

import (
	"messiah/scenarios/inn/evening"
	"messiah/sim"
	"messiah/sim/command"
)

func main() {
	command.Main(command.Program{Name: "inn-sim", Scenarios: []*sim.Scenario{evening.Evening()}})
}
