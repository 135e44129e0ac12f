package main

import (
	"fmt"
)

type configCommand struct {
	Check checkCommand `cmd:"" help:"Check a configuration and print it as it takes effect."`
}

type checkCommand struct {
	configFlags
}

// Help is the example.
func (checkCommand) Help() string {
	return "The file, the environment (MESSIAH_…) and --set are laid over the defaults. A secret is not printed.\n\n" +
		"Example:\n\n  messiah config check --config messiah.yaml"
}

// Run checks and prints.
func (k *checkCommand) Run(to streams) error {
	c, err := k.load(to, 0, 0)
	if err != nil {
		return err
	}
	text, err := c.Print()
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	_, err = to.out.Write(text)
	return err
}
