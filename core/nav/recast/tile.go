package recast

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/arl/go-detour/detour"
)

// A tile is a header, then arrays of fixed-size elements in this order: vertices, polygons, links, detail meshes,
// detail vertices, detail triangles, bounding volume nodes, off-mesh connections.
const (
	tileMagic   = 'D'<<24 | 'N'<<16 | 'A'<<8 | 'V'
	tileVersion = 7
	tileSize    = 100

	vertSize   = 12
	polySize   = 32
	linkSize   = 12
	detailSize = 12
	triSize    = 4
	nodeSize   = 16

	maxLinks      = 1 << 18
	maxDetail     = 1 << 18 // Detail vertices, and detail triangles.
	maxTilePlace  = 1 << 15
	maxLayers     = 32 // go-detour looks at no more at one place.
	externalEdge  = 0x8000
	maxVertsPoly  = 6
	maxQuantCells = math.MaxUint16 - 2 // go-detour counts bounding volumes in 16 bits, and adds one.
)

// tileChecker walks over one tile.
type tileChecker struct {
	head detour.MeshHeader
	body []byte

	verts, polys, links, details, detailVerts, tris, nodes []byte
}

// check reports the first thing in a tile on which go-detour would panic, hang or answer with garbage.
func (t *tileChecker) check() error {
	if err := t.checkHead(); err != nil {
		return err
	}
	if err := t.split(); err != nil {
		return err
	}
	for _, coordinates := range [...][]byte{t.verts, t.detailVerts} {
		for i := 0; i < len(coordinates); i += 4 {
			if !bounded(math.Float32frombits(binary.LittleEndian.Uint32(coordinates[i:]))) {
				return fmt.Errorf("a vertex out of bounds")
			}
		}
	}
	for i := range int(t.head.PolyCount) {
		if err := t.checkPoly(t.polys[i*polySize:], t.details[i*detailSize:]); err != nil {
			return fmt.Errorf("polygon %d: %w", i, err)
		}
	}
	return t.checkNodes()
}

func (t *tileChecker) checkHead() error {
	h := &t.head
	if h.Magic != tileMagic || h.Version != tileVersion {
		return fmt.Errorf("not a tile of version %d", tileVersion)
	}
	if outside(h.X, -maxTilePlace, maxTilePlace) || outside(h.Y, -maxTilePlace, maxTilePlace) || outside(h.Layer, 0, maxLayers-1) {
		return fmt.Errorf("at %d, %d, layer %d", h.X, h.Y, h.Layer)
	}
	if h.OffMeshConCount != 0 {
		return fmt.Errorf("%d off-mesh connections, which are not supported", h.OffMeshConCount)
	}
	counts := [...]struct {
		name             string
		count, low, high int32
	}{
		{"polygons", h.PolyCount, 1, MaxPolys},
		{"vertices", h.VertCount, 3, MaxVerts},
		{"links", h.MaxLinkCount, 1, maxLinks},
		{"detail meshes", h.DetailMeshCount, h.PolyCount, h.PolyCount},
		{"detail vertices", h.DetailVertCount, 0, maxDetail},
		{"detail triangles", h.DetailTriCount, 0, maxDetail},
		{"bounding volumes", h.BvNodeCount, 0, 2 * MaxPolys},
	}
	for _, c := range counts {
		if outside(c.count, c.low, c.high) {
			return fmt.Errorf("%d %s", c.count, c.name)
		}
	}
	return t.checkBounds()
}

func (t *tileChecker) checkBounds() error {
	h := &t.head
	if !bounded(h.WalkableHeight, h.WalkableRadius, h.WalkableClimb) || min(h.WalkableHeight, h.WalkableRadius, h.WalkableClimb) < 0 {
		return fmt.Errorf("agent out of bounds")
	}
	if !bounded(h.BMin[:]...) || !bounded(h.BMax[:]...) {
		return fmt.Errorf("bounds out of bounds")
	}
	if h.BvNodeCount > 0 && !(h.BvQuantFactor > 0) {
		return fmt.Errorf("bounding volumes in units of 1/%v m", h.BvQuantFactor)
	}
	for i := range 3 {
		extent := float64(h.BMax[i]) - float64(h.BMin[i])
		if extent < 0 || h.BvNodeCount > 0 && float64(extent*float64(h.BvQuantFactor)) > maxQuantCells {
			return fmt.Errorf("extent of %v m", extent)
		}
	}
	return nil
}

// split cuts the body into its arrays; their sum must be the body.
func (t *tileChecker) split() error {
	h := &t.head
	rest := t.body
	parts := [...]struct {
		part  *[]byte
		count int32
		size  int
	}{
		{&t.verts, h.VertCount, vertSize},
		{&t.polys, h.PolyCount, polySize},
		{&t.links, h.MaxLinkCount, linkSize}, // Their contents are made anew when a tile is added.
		{&t.details, h.DetailMeshCount, detailSize},
		{&t.detailVerts, h.DetailVertCount, vertSize},
		{&t.tris, h.DetailTriCount, triSize},
		{&t.nodes, h.BvNodeCount, nodeSize},
	}
	for _, p := range parts {
		n := int(p.count) * p.size
		if n > len(rest) {
			return fmt.Errorf("body of %d bytes is short", len(t.body))
		}
		*p.part, rest = rest[:n], rest[n:]
	}
	if len(rest) != 0 {
		return fmt.Errorf("%d bytes too many", len(rest))
	}
	return nil
}

// checkPoly checks one polygon and its detail mesh.
func (t *tileChecker) checkPoly(poly, detail []byte) error {
	flat := binary.LittleEndian
	n, area := poly[30], poly[31]
	if n < 3 || n > maxVertsPoly {
		return fmt.Errorf("%d vertices", n)
	}
	if area>>6 != 0 {
		return fmt.Errorf("type %d", area>>6)
	}
	for j := range int(n) {
		if v := flat.Uint16(poly[4+2*j:]); int32(v) >= t.head.VertCount {
			return fmt.Errorf("vertex %d", v)
		}
		neighbour := flat.Uint16(poly[16+2*j:])
		if neighbour&externalEdge != 0 {
			// Tile sides are the even numbers to 6; 0x800f and the like are edges without a neighbour.
			continue
		}
		if int32(neighbour) > t.head.PolyCount {
			return fmt.Errorf("neighbour %d", neighbour)
		}
	}
	return t.checkDetail(detail, n)
}

func (t *tileChecker) checkDetail(detail []byte, polyVerts uint8) error {
	flat := binary.LittleEndian
	vertBase, triBase := int64(flat.Uint32(detail)), int64(flat.Uint32(detail[4:]))
	verts, tris := detail[8], detail[9]
	if vertBase+int64(verts) > int64(t.head.DetailVertCount) || triBase+int64(tris) > int64(t.head.DetailTriCount) {
		return fmt.Errorf("detail mesh out of its arrays")
	}
	for i := range int64(tris) {
		for _, corner := range t.tris[(triBase+i)*triSize:][:3] {
			if int(corner) >= int(polyVerts)+int(verts) {
				return fmt.Errorf("detail triangle with corner %d", corner)
			}
		}
	}
	return nil
}

// checkNodes checks that a walk over the bounding volumes stays within them and always goes forward.
func (t *tileChecker) checkNodes() error {
	for i := range t.head.BvNodeCount {
		n := int32(binary.LittleEndian.Uint32(t.nodes[int(i)*nodeSize+12:]))
		if n >= t.head.PolyCount || n < 0 && int64(i)-int64(n) > int64(t.head.BvNodeCount) {
			return fmt.Errorf("bounding volume %d leads to %d", i, n)
		}
	}
	return nil
}

func outside(v, low, high int32) bool { return v < low || v > high }
