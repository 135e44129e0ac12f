package recast

import (
	"encoding/binary"
	"fmt"
	"math"

	"messiah/core/geom"
)

// Limits of a build, all of them checked before it starts; without them a large extent builds for minutes.
const (
	maxCells  = 1 << 24 // Cells of a mesh, seen from above.
	maxSide   = 1 << 13 // Cells along one side of a tile.
	minSide   = 16
	maxVisits = 1 << 26 // Cells under the boxes of all triangles.
	maxUp     = math.MaxInt16
)

// Settings say for whom a mesh is built. Lengths are in metres.
type Settings struct {
	Cell, CellHeight         float64 // Voxel size, 0.05 … 4.
	AgentHeight, AgentRadius float64 // Up to 100, and to 100 cells.
	AgentClimb               float64 // The step it can take, up to 100.
	AgentSlope               float64 // Degrees, 0 … 89.
	TileSize                 float64 // Edge of a tile; zero builds one tile (a solo mesh).
}

// Walker is a human on foot, in tiles of 9.6 m (32 cells). Much larger tiles make polygons so long that Detour, which
// measures from edge to edge by their middles, takes ways 15 % longer.
func Walker() Settings {
	return Settings{Cell: 0.3, CellHeight: 0.2, AgentHeight: 2, AgentRadius: 0.6, AgentClimb: 0.9, AgentSlope: 45, TileSize: 9.6}
}

func (s Settings) check() error {
	ranges := [...]struct {
		name             string
		value, low, high float64
	}{
		{"cell", s.Cell, 0.05, 4},
		{"cell height", s.CellHeight, 0.05, 4},
		{"agent height", s.AgentHeight, s.CellHeight, 100},
		{"agent radius", s.AgentRadius, 0, min(100, float64(100*s.Cell))}, // go-detour counts it in 8 bits of half cells.
		{"agent climb", s.AgentClimb, 0, 100},
		{"agent slope", s.AgentSlope, 0, 89},
		{"tile size", s.TileSize, 0, 2 * MaxReach},
	}
	for _, r := range ranges {
		if !(r.value >= r.low && r.value <= r.high) {
			return fmt.Errorf("recast: %s of %v, not within %v … %v", r.name, r.value, r.low, r.high)
		}
	}
	return nil
}

// Build makes a mesh of an .obj (Y up, metres, within MaxReach of its zero). The errors are those of Bake.
func Build(obj []byte, s Settings) (*Mesh, error) {
	bin, err := Bake(obj, s)
	if err != nil {
		return nil, err
	}
	return decode(bin)
}

// Bake makes a standard tiled .bin of an .obj; it refuses what exceeds a limit and what has no walkable place, and a panic
// of go-detour (several of its branches are `panic("UNTESTED")`) is an error.
func Bake(obj []byte, s Settings) (bin []byte, err error) {
	defer recovered("build", &err)
	if err := s.check(); err != nil {
		return nil, err
	}
	world, err := parseOBJ(obj)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(world, s)
	if err != nil {
		return nil, err
	}
	return p.bake()
}

// plan is the division of a world into tiles.
type plan struct {
	settings     Settings
	world        *soup
	low, high    [3]float32
	wide, deep   int       // Tiles.
	tileX, tileZ int       // Cells of a tile.
	border       int       // Cells that a tile sees of its neighbours.
	triangles    [][]int32 // Of each tile.
	maxTiles     uint32
	maxPolys     uint32
}

func newPlan(world *soup, s Settings) (*plan, error) {
	p := &plan{settings: s, world: world}
	p.low, p.high = world.bounds(world.tris)
	if up := float64(p.high[1]-p.low[1]) / s.CellHeight; up > maxUp {
		return nil, fmt.Errorf("recast: %.0f cells high", up)
	}
	cellsX := geom.Whole(math.Floor(float64(p.high[0]-p.low[0])/s.Cell+0.5), 0, math.MaxInt32)
	cellsZ := geom.Whole(math.Floor(float64(p.high[2]-p.low[2])/s.Cell+0.5), 0, math.MaxInt32)
	cellsX, cellsZ = max(cellsX, 1), max(cellsZ, 1)
	if cellsX*cellsZ > maxCells {
		return nil, fmt.Errorf("recast: %d by %d cells", cellsX, cellsZ)
	}
	p.tileX, p.tileZ = cellsX, cellsZ
	if s.TileSize > 0 {
		side := geom.Whole(math.Floor(s.TileSize/s.Cell+0.5), minSide, math.MaxInt32)
		p.tileX, p.tileZ = side, side
		p.border = geom.Whole(math.Ceil(s.AgentRadius/s.Cell), 0, maxSide) + 3
	}
	if max(p.tileX, p.tileZ) > maxSide {
		return nil, fmt.Errorf("recast: a tile of %d by %d cells, use smaller tiles", p.tileX, p.tileZ)
	}
	p.wide, p.deep = (cellsX+p.tileX-1)/p.tileX, (cellsZ+p.tileZ-1)/p.tileZ
	if p.wide*p.deep > MaxTiles {
		return nil, fmt.Errorf("recast: %d by %d tiles", p.wide, p.deep)
	}
	// References have 22 bits for a tile and a polygon in it.
	p.maxTiles = 1 << layoutOf(uint32(p.wide*p.deep), 1).tileBits
	p.maxPolys = 1 << 22 / p.maxTiles
	return p, p.deal()
}

// deal gives each tile the triangles that touch it or its border, in the order of the file.
func (p *plan) deal() error {
	p.triangles = make([][]int32, p.wide*p.deep)
	visits := 0
	for i := 0; i < len(p.world.tris); i += 3 {
		tri := p.world.tris[i : i+3]
		low, high := p.world.bounds(tri)
		x0, x1 := p.cell(low[0]-p.low[0])-p.border-1, p.cell(high[0]-p.low[0])+p.border+1
		z0, z1 := p.cell(low[2]-p.low[2])-p.border-1, p.cell(high[2]-p.low[2])+p.border+1
		if visits += (x1 - x0) * (z1 - z0); visits > maxVisits {
			return fmt.Errorf("recast: triangles over more than %d cells", maxVisits)
		}
		for z := max(z0/p.tileZ, 0); z <= min(z1/p.tileZ, p.deep-1); z++ {
			for x := max(x0/p.tileX, 0); x <= min(x1/p.tileX, p.wide-1); x++ {
				p.triangles[z*p.wide+x] = append(p.triangles[z*p.wide+x], tri...)
			}
		}
	}
	return nil
}

func (p *plan) cell(metres float32) int {
	return geom.Whole(float64(metres)/p.settings.Cell, math.MinInt32, math.MaxInt32)
}

// bake builds the tiles row by row and writes them as a file.
func (p *plan) bake() ([]byte, error) {
	bin := make([]byte, setSize)
	refs := layoutOf(p.maxTiles, p.maxPolys)
	tiles := uint32(0)
	for z := range p.deep {
		for x := range p.wide {
			data, err := p.tile(x, z)
			if err != nil {
				return nil, fmt.Errorf("recast: tile %d, %d: %w", x, z, err)
			}
			if data == nil {
				continue
			}
			bin = binary.LittleEndian.AppendUint32(bin, refs.ref(1, tiles))
			bin = binary.LittleEndian.AppendUint32(bin, uint32(len(data)))
			bin = append(bin, data...)
			tiles++
		}
	}
	if tiles == 0 {
		return nil, fmt.Errorf("recast: no walkable place")
	}
	_, err := binary.Encode(bin, binary.LittleEndian, setHeader{
		Magic: setMagic, Version: setVersion, NumTiles: int32(tiles), Orig: p.low,
		TileWidth:  p.metres(p.tileX),
		TileHeight: p.metres(p.tileZ),
		MaxTiles:   p.maxTiles, MaxPolys: p.maxPolys,
	})
	return bin, err
}

// metres is the length of a number of cells.
func (p *plan) metres(cells int) float32 { return float32(float32(cells) * float32(p.settings.Cell)) }
