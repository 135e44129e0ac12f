// Package world holds properties of the whole simulated cluster: a state machine
// of what players, operators and misfortune do, in an order that rapid draws and
// shrinks, and native fuzz targets whose input reaches a cluster that must go on
// serving everybody else.
package world
