// Package world holds properties of the whole simulated cluster: two state machines
// of what players, operators and misfortune do, in an order that rapid draws and
// shrinks, one of the sample game and one of avatars that migrate, and native fuzz
// targets whose input reaches a cluster that must go on serving everybody else.
package world
