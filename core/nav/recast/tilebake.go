package recast

import (
	"fmt"
	"math"

	"github.com/arl/go-detour/detour"
	"github.com/arl/go-detour/recast"

	"messiah/core/geom"
)

// How the outlines of walkable regions become polygons: the values of Recast's own samples.
const (
	minRegion      = 8 * 8   // Cells; a smaller island is dropped.
	mergeRegion    = 20 * 20 // Cells; a smaller region joins a neighbour.
	maxEdge        = 12.0    // Metres.
	maxEdgeError   = 1.3     // Cells.
	detailDistance = 6       // Cells.
	detailError    = 1       // Cell heights.
)

// tile builds one tile, nil if nothing in it is walkable. The order of the steps is that of Recast's samples, with
// monotone regions, the only ones go-detour has.
func (p *plan) tile(x, z int) ([]byte, error) {
	if len(p.triangles[z*p.wide+x]) == 0 {
		return nil, nil
	}
	ctx := recast.NewBuildContext(false) // Without its log and its clock.
	field, err := p.rasterize(ctx, x, z)
	if err != nil {
		return nil, err
	}
	if !recast.ErodeWalkableArea(ctx, p.up(p.settings.AgentRadius/p.settings.Cell), field) {
		return nil, fmt.Errorf("no erosion")
	}
	if !recast.BuildRegionsMonotone(ctx, field, int32(p.border), minRegion, mergeRegion) {
		return nil, fmt.Errorf("no regions")
	}
	contours := &recast.ContourSet{}
	edge := int32(geom.Whole(maxEdge/p.settings.Cell, 0, math.MaxInt32))
	if !recast.BuildContours(ctx, field, maxEdgeError, edge, contours, recast.ContourTessWallEdges) {
		return nil, fmt.Errorf("no contours")
	}
	if contours.NConts == 0 {
		return nil, nil
	}
	polys, ok := recast.BuildPolyMesh(ctx, contours, int32(detour.VertsPerPolygon))
	if !ok {
		return nil, fmt.Errorf("no polygons")
	}
	if polys.NPolys == 0 {
		return nil, nil
	}
	cell, height := float32(p.settings.Cell), float32(p.settings.CellHeight)
	detail, ok := recast.BuildPolyMeshDetail(ctx, polys, field, float32(cell*detailDistance), float32(height*detailError))
	if !ok {
		return nil, fmt.Errorf("no detail mesh")
	}
	return p.pack(polys, detail, x, z)
}

// rasterize makes the field of places where an agent could stand.
func (p *plan) rasterize(ctx *recast.BuildContext, x, z int) (*recast.CompactHeightfield, error) {
	s := p.settings
	low, high := p.low, p.high
	low[0] += p.metres(x*p.tileX - p.border)
	low[2] += p.metres(z*p.tileZ - p.border)
	high[0] = p.low[0] + p.metres((x+1)*p.tileX+p.border)
	high[2] = p.low[2] + p.metres((z+1)*p.tileZ+p.border)
	width, depth := int32(p.tileX+2*p.border), int32(p.tileZ+2*p.border)
	solid := recast.NewHeightfield(width, depth, low[:], high[:], float32(s.Cell), float32(s.CellHeight))

	tris := p.triangles[z*p.wide+x]
	areas := make([]uint8, len(tris)/3)
	verts, triangles := int32(len(p.world.verts)/3), int32(len(areas))
	climb, height := int32(geom.Whole(s.AgentClimb/s.CellHeight, 0, math.MaxInt32)), p.up(s.AgentHeight/s.CellHeight)
	recast.MarkWalkableTriangles(ctx, float32(s.AgentSlope), p.world.verts, verts, tris, triangles, areas)
	if !recast.RasterizeTriangles(ctx, p.world.verts, verts, tris, areas, triangles, solid, climb) {
		return nil, fmt.Errorf("no voxels")
	}
	recast.FilterLowHangingWalkableObstacles(ctx, climb, solid)
	recast.FilterLedgeSpans(ctx, height, climb, solid)
	recast.FilterWalkableLowHeightSpans(ctx, height, solid)
	field := &recast.CompactHeightfield{}
	if !recast.BuildCompactHeightfield(ctx, height, climb, solid, field) {
		return nil, fmt.Errorf("no height field")
	}
	return field, nil
}

// up rounds a number of cells up.
func (p *plan) up(cells float64) int32 { return int32(geom.Whole(math.Ceil(cells), 0, math.MaxInt32)) }

// pack writes the tile as detour stores it. Detail vertices have the same limit as vertices: go-detour counts both in
// 16 bits and multiplies by three.
func (p *plan) pack(polys *recast.PolyMesh, detail *recast.PolyMeshDetail, x, z int) ([]byte, error) {
	if polys.NVerts > MaxVerts || detail.NVerts > MaxVerts || polys.NPolys > min(MaxPolys, int32(p.maxPolys)) {
		return nil, fmt.Errorf("%d vertices, %d detail vertices, %d polygons: use smaller tiles", polys.NVerts, detail.NVerts, polys.NPolys)
	}
	for i := range polys.NPolys {
		if polys.Areas[i] == recast.WalkableArea {
			polys.Areas[i] = 0 // Ground, for the usual tools.
		}
		polys.Flags[i] = flagWalk
	}
	s := p.settings
	return detour.CreateNavMeshData(&detour.NavMeshCreateParams{
		Verts: polys.Verts, VertCount: polys.NVerts,
		Polys: polys.Polys, PolyCount: polys.NPolys, Nvp: polys.Nvp,
		PolyAreas: polys.Areas, PolyFlags: polys.Flags,
		DetailMeshes: detail.Meshes,
		DetailVerts:  detail.Verts, DetailVertsCount: detail.NVerts,
		DetailTris: detail.Tris, DetailTriCount: detail.NTris,
		WalkableHeight: float32(s.AgentHeight), WalkableRadius: float32(s.AgentRadius), WalkableClimb: float32(s.AgentClimb),
		TileX: int32(x), TileY: int32(z),
		BMin: polys.BMin, BMax: polys.BMax,
		Cs: float32(s.Cell), Ch: float32(s.CellHeight),
		BuildBvTree: true,
	})
}
