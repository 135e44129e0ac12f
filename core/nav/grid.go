package nav

import (
	"fmt"
	"math"

	"messiah/core/geom"
)

// Limits of a grid; NewGrid refuses what exceeds them.
const (
	MaxCells = 1 << 20
	MinCell  = 0.05 // Metres.
	MaxWalls = 1 << 12
)

// Rect is an upright box seen from above, in metres from the grid's origin.
type Rect struct{ MinX, MinZ, MaxX, MaxZ float64 }

// GridSpec describes a flat rectangular world with upright walls, all in metres.
type GridSpec struct {
	Origin       geom.Vec3 // The corner with the smallest X and Z; its Y is the floor.
	Width, Depth float64   // Along X and Z.
	Cell         float64   // Edge of a square cell.
	Radius       float64   // What an agent's centre keeps from walls and from the edge.
	Walls        []Rect
}

// Grid is a Pathfinder over square cells for tests and the simulator: the same bits on every architecture.
type Grid struct {
	origin       geom.Vec3
	cell         float64
	width, depth int32
	blocked      []bool // By row of equal Z.
}

// NewGrid makes the grid of a world; errors name the value that is out of bounds.
func NewGrid(spec GridSpec) (*Grid, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	g := &Grid{
		origin: spec.Origin,
		cell:   spec.Cell,
		width:  int32(geom.Whole(math.Ceil(spec.Width/spec.Cell), 1, math.MaxInt32)),
		depth:  int32(geom.Whole(math.Ceil(spec.Depth/spec.Cell), 1, math.MaxInt32)),
	}
	g.blocked = make([]bool, int(g.width)*int(g.depth))
	inner := Rect{spec.Radius, spec.Radius, spec.Width - spec.Radius, spec.Depth - spec.Radius}
	for i := range g.blocked {
		x, z := g.centre(int32(i))
		g.blocked[i] = x < inner.MinX || z < inner.MinZ || x > inner.MaxX || z > inner.MaxZ
	}
	for _, wall := range spec.Walls {
		g.block(wall, spec.Radius)
	}
	return g, nil
}

func (s *GridSpec) check() error {
	if err := CheckPoint(s.Origin); err != nil {
		return err
	}
	sizes := [...]float64{s.Width, s.Depth, s.Cell}
	for _, v := range sizes {
		if !(v >= MinCell && v <= MaxCoord) {
			return fmt.Errorf("nav: grid size %v m", v)
		}
	}
	if !(s.Radius >= 0 && s.Radius <= MaxCoord) {
		return fmt.Errorf("nav: grid radius %v m", s.Radius)
	}
	if cells := float64(math.Ceil(s.Width/s.Cell) * math.Ceil(s.Depth/s.Cell)); cells > MaxCells {
		return fmt.Errorf("nav: grid of %.0f cells", cells)
	}
	if len(s.Walls) > MaxWalls {
		return fmt.Errorf("nav: grid of %d walls", len(s.Walls))
	}
	for i, w := range s.Walls {
		low, high := geom.Vec3{X: w.MinX, Z: w.MinZ}, geom.Vec3{X: w.MaxX, Z: w.MaxZ}
		if CheckPoint(low) != nil || CheckPoint(high) != nil {
			return fmt.Errorf("nav: grid wall %d is out of bounds", i)
		}
	}
	return nil
}

// block closes the cells whose centre is nearer to a wall than the radius.
func (g *Grid) block(wall Rect, radius float64) {
	x0, z0 := g.clamp((wall.MinX-radius)/g.cell, g.width), g.clamp((wall.MinZ-radius)/g.cell, g.depth)
	x1, z1 := g.clamp((wall.MaxX+radius)/g.cell, g.width), g.clamp((wall.MaxZ+radius)/g.cell, g.depth)
	for z := z0; z <= z1; z++ {
		for x := x0; x <= x1; x++ {
			i := z*g.width + x
			cx, cz := g.centre(i)
			if gapSquared(wall, cx, cz) < float64(radius*radius) || inside(wall, cx, cz) {
				g.blocked[i] = true
			}
		}
	}
}

// clamp is the cell of a coordinate in cells, the nearest one if it lies outside.
func (g *Grid) clamp(v float64, size int32) int32 {
	return int32(geom.Whole(v, 0, int(size-1)))
}

// centre is a cell's centre in metres from the origin.
func (g *Grid) centre(i int32) (x, z float64) {
	return float64((float64(i%g.width) + 0.5) * g.cell), float64((float64(i/g.width) + 0.5) * g.cell)
}

func inside(r Rect, x, z float64) bool {
	return x >= r.MinX && x <= r.MaxX && z >= r.MinZ && z <= r.MaxZ
}

// gapSquared is the squared distance from a point to a rectangle, zero within.
func gapSquared(r Rect, x, z float64) float64 {
	dx, dz := max(r.MinX-x, 0, x-r.MaxX), max(r.MinZ-z, 0, z-r.MaxZ)
	return float64(dx*dx) + float64(dz*dz)
}

// open reports whether a cell exists and can be walked.
func (g *Grid) open(x, z int32) bool {
	return x >= 0 && z >= 0 && x < g.width && z < g.depth && !g.blocked[z*g.width+x]
}

// spot is a place on the grid, in cells from the origin.
type spot struct {
	x, z float64
	cell int32
}

func (g *Grid) spotAt(x, z float64) spot {
	return spot{x, z, g.clamp(z, g.depth)*g.width + g.clamp(x, g.width)}
}

func (g *Grid) middle(cell int32) spot {
	return spot{float64(cell%g.width) + 0.5, float64(cell/g.width) + 0.5, cell}
}

func (g *Grid) point(s spot) geom.Vec3 {
	return geom.Vec3{
		X: g.origin.X + float64(s.x*g.cell),
		Y: g.origin.Y,
		Z: g.origin.Z + float64(s.z*g.cell),
	}
}

// settle moves a point to the nearest walkable place within reach, the lowest cell winning a tie.
func (g *Grid) settle(p geom.Vec3) (spot, error) {
	if err := CheckPoint(p); err != nil {
		return spot{}, err
	}
	if math.Abs(p.Y-g.origin.Y) > ReachUp {
		return spot{}, ErrOffMesh
	}
	x, z := (p.X-g.origin.X)/g.cell, (p.Z-g.origin.Z)/g.cell
	if g.open(g.index(x, g.width), g.index(z, g.depth)) {
		return g.spotAt(x, z), nil
	}
	reach := ReachAcross / g.cell
	best, found := float64(reach*reach), spot{cell: -1}
	for cz := g.clamp(z-reach, g.depth); cz <= g.clamp(z+reach, g.depth); cz++ {
		for cx := g.clamp(x-reach, g.width); cx <= g.clamp(x+reach, g.width); cx++ {
			if !g.open(cx, cz) {
				continue
			}
			// The nearest place of a cell is taken a little inside of it, so that it belongs to no neighbour.
			const in = 1.0 / 64
			near := Rect{float64(cx) + in, float64(cz) + in, float64(cx+1) - in, float64(cz+1) - in}
			if d := gapSquared(near, x, z); d < best {
				best, found = d, spot{min(max(x, near.MinX), near.MaxX), min(max(z, near.MinZ), near.MaxZ), cz*g.width + cx}
			}
		}
	}
	if found.cell < 0 {
		return spot{}, ErrOffMesh
	}
	return found, nil
}

// index is the cell of a coordinate in cells, -1 outside of the grid.
func (g *Grid) index(v float64, size int32) int32 {
	if v >= 0 && v < float64(size) {
		return int32(v)
	}
	return -1
}
