package main

type speedCmd struct{}

func (speedCmd) Run(out *output) error { return usage("x") }

type bugsCmd struct{}

func (bugsCmd) Run(out *output) error { return usage("x") }
