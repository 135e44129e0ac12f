package main

// allowed are the guards whose deletion need not be noticed by a sweep, each
// with the reason. The key is the guard's name.
var allowed = map[string]string{}

// reasonFor returns why a guard may survive, or "".
func reasonFor(g *guard) string { return allowed[g.name()] }
