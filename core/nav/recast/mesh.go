// Package recast is nav.Pathfinder over Recast navigation meshes, by go-detour.
// It takes bytes only, and checks all that go-detour would die of: see load.go
// for files and bake.go for building. Deterministic on one architecture.
package recast

import (
	"fmt"
	"math"

	"github.com/arl/go-detour/detour"

	"messiah/core/geom"
	"messiah/core/nav"
)

// Limits of a mesh. Load and Bake refuse what exceeds them, a query clamps to its own.
const (
	MaxReach    = 2048   // Metres from the mesh's own zero: at about 5,000, 2.4 % of go-detour's straight paths cut corners.
	MaxVerts    = 21_845 // Vertices of a tile: go-detour multiplies a 16-bit index by three.
	MaxPolys    = 16_384 // Polygons of a tile.
	MaxTiles    = 16_384 // Tiles of a mesh.
	MinTile     = 0.5    // Metres: go-detour visits each tile position within reach of a point.
	QueryNodes  = 2048   // Search nodes of one query; a search that needs more is Partial.
	MaxCorridor = 1024   // Polygons of one path; a longer one is Partial.
)

// Mesh is an immutable navigation mesh; lanes share it, each through a query of its own.
type Mesh struct {
	nav    *detour.NavMesh
	origin geom.Vec3
	tiles  int
}

var _ nav.Pathfinder = (*Mesh)(nil)

// At is the same mesh with its zero at a place in the world (metres): meshes are built about their own zero, and copies
// of one space may share one mesh. nav.ErrPoint.
func (m *Mesh) At(origin geom.Vec3) (*Mesh, error) {
	if err := nav.CheckPoint(origin); err != nil {
		return nil, err
	}
	return &Mesh{m.nav, origin, m.tiles}, nil
}

// Tiles is the number of tiles that hold something.
func (m *Mesh) Tiles() int { return m.tiles }

// NewQuery makes the query object of one lane, with QueryNodes search nodes.
func (m *Mesh) NewQuery() nav.Query {
	q, err := m.NewQueryWith(QueryNodes)
	if err != nil {
		panic(err) // The only reason for a failure is a number of nodes out of bounds.
	}
	return q
}

// NewQueryWith makes a query object with a number of search nodes, clamped to 4 (go-detour panics below) … 65,535.
func (m *Mesh) NewQueryWith(nodes int) (nav.Query, error) {
	status, q := detour.NewNavMeshQuery(m.nav, int32(min(max(nodes, 4), math.MaxUint16)))
	if detour.StatusFailed(status) {
		return nil, fmt.Errorf("recast: query of %d nodes: %w", nodes, status)
	}
	filter := detour.NewStandardQueryFilter()
	filter.SetExcludeFlags(flagDisabled)
	return &query{
		mesh:     m,
		detour:   q,
		filter:   filter,
		corridor: make([]detour.PolyRef, MaxCorridor),
		straight: straightener(q.FindStraightPath),
	}, nil
}

// Polygon flags of the usual Recast tools.
const (
	flagWalk     = 0x01
	flagDisabled = 0x10
)
