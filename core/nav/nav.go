// Package nav finds walkable paths. A Pathfinder is one immutable mesh that any
// number of lanes may share; each lane asks through a Query of its own.
package nav

import (
	"errors"

	"messiah/core/geom"
)

// Limits of every implementation. What they refuse or cut off stands with each.
const (
	MaxCoord    = 1e5 // Metres from zero, per axis; farther is ErrPoint.
	MaxPoints   = 256 // Corner points of one path; the path ends there and is Partial.
	ReachAcross = 2.0 // Metres by which an asked point is moved sideways to the mesh; farther is ErrOffMesh.
	ReachUp     = 4.0 // Metres by which an asked point is moved up or down; farther is ErrOffMesh.
)

// Errors of a path query. A goal that cannot be reached is not one of them: its path is Partial.
var (
	ErrPoint   = errors.New("nav: a coordinate is not a number or too far out")
	ErrOffMesh = errors.New("nav: a point is not near the mesh")
)

// Pathfinder makes queries over one immutable mesh, is read-only and may be shared by lanes.
type Pathfinder interface {
	// NewQuery makes the query object of one lane.
	NewQuery() Query
}

// Query is one lane's scratch memory over a shared mesh: not to be shared, and without a state worth saving.
type Query interface {
	// FindPath finds a short way between two points (metres, Y up), each moved to the nearest walkable place
	// within ReachAcross and ReachUp. The answer depends on the mesh and the points only. ErrPoint, ErrOffMesh.
	FindPath(from, to geom.Vec3) (Path, error)
}

// Path is a way as its corner points in metres, the moved start and end included; Points belong to the Query until its next call.
type Path struct {
	Points  []geom.Vec3
	Length  float64 // Metres along the points.
	Partial bool    // The goal was not reached; the path ends as near to it as the search came.
}

// Nowhere is the Pathfinder of a game without ways: every query is ErrOffMesh.
type Nowhere struct{}

// NewQuery returns a query that finds nothing.
func (n Nowhere) NewQuery() Query { return n }

// FindPath reports ErrOffMesh.
func (Nowhere) FindPath(_, _ geom.Vec3) (Path, error) { return Path{}, ErrOffMesh }

// CheckPoint reports ErrPoint for a point with a coordinate that is NaN, infinite or beyond MaxCoord metres.
func CheckPoint(p geom.Vec3) error {
	if !p.Within(MaxCoord) {
		return ErrPoint
	}
	return nil
}

// NewPath measures the corner points into a Path.
func NewPath(points []geom.Vec3, partial bool) Path {
	length := 0.0
	for i := 1; i < len(points); i++ {
		length += points[i-1].Distance(points[i])
	}
	return Path{Points: points, Length: length, Partial: partial}
}
