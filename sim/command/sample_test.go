package command

import (
	"testing"

	"messiah/scenarios"
)

// sample is the program that the tests run: messiah-sim itself.
func sample() Program {
	return Program{
		Name: "messiah-sim", Version: "dev", Package: "messiah/sim/cmd/messiah-sim",
		Scenarios: scenarios.All(), Cases: scenarios.Cases(), Crowd: scenarios.Crowd,
	}
}

func TestAProgramWithoutScenariosSaysSo(t *testing.T) {
	program = Program{Name: "bare"}
	defer func() { program = sample() }()
	if err := (speedCmd{Clients: 10}).Run(&output{}); err == nil {
		t.Error("speed measures a crowd")
	}
}
