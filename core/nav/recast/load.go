package recast

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/arl/go-detour/detour"
)

// The standard tiled file: a set header, then for each tile a reference, a size and the tile's bytes; little-endian.
const (
	setMagic   = 'M'<<24 | 'S'<<16 | 'E'<<8 | 'T'
	setVersion = 1
	setSize    = 40
	refSize    = 8

	MaxFile = 256 << 20 // Bytes of a file.
)

// Load reads a standard tiled .bin whose SHA-256 is known, checking everything in it before go-detour sees it:
// go-detour ends the process on a bad tile reference, panics on a bad size and allocates what the file claims.
// Off-mesh connections are refused, since go-detour reads the wrong polygon at their entrance.
func Load(data []byte, sum [sha256.Size]byte) (*Mesh, error) {
	if got := sha256.Sum256(data); got != sum {
		return nil, fmt.Errorf("recast: file is %x…, not %x…", got[:8], sum[:8])
	}
	return decode(data)
}

// decode checks and reads a file.
func decode(data []byte) (mesh *Mesh, err error) {
	defer recovered("decode", &err)
	tiles, err := check(data)
	if err != nil {
		return nil, err
	}
	m, err := detour.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("recast: decode: %w", err)
	}
	return &Mesh{nav: m, tiles: tiles}, nil
}

// layout is how polygon references split into salt, tile and polygon, low bits last.
type layout struct{ tileBits, polyBits uint32 }

func layoutOf(maxTiles, maxPolys uint32) layout {
	return layout{uint32(bits.Len32(maxTiles - 1)), uint32(bits.Len32(maxPolys - 1))}
}

func (l layout) ref(salt, tile uint32) uint32 {
	return salt<<(l.tileBits+l.polyBits) | tile<<l.polyBits
}

func (l layout) split(ref uint32) (salt, tile, poly uint32) {
	return ref >> (l.tileBits + l.polyBits), ref >> l.polyBits & (1<<l.tileBits - 1), ref & (1<<l.polyBits - 1)
}

// checker walks over a file.
type checker struct {
	set      setHeader
	layout   layout
	occupied map[uint32]bool // By tile index.
	places   map[[3]int32]bool
}

// setHeader is the head of a file.
type setHeader struct {
	Magic, Version        int32
	NumTiles              int32
	Orig                  [3]float32
	TileWidth, TileHeight float32
	MaxTiles, MaxPolys    uint32
}

// check walks over a whole file and returns its number of tiles.
func check(data []byte) (tiles int, err error) {
	if len(data) < setSize || len(data) > MaxFile {
		return 0, fmt.Errorf("recast: file of %d bytes", len(data))
	}
	c := checker{occupied: map[uint32]bool{}, places: map[[3]int32]bool{}}
	if _, err := binary.Decode(data, binary.LittleEndian, &c.set); err != nil {
		return 0, fmt.Errorf("recast: set header: %w", err)
	}
	if err := c.checkSet(); err != nil {
		return 0, err
	}
	rest := data[setSize:]
	for i := range int(c.set.NumTiles) {
		if rest, err = c.checkEntry(rest); err != nil {
			return 0, fmt.Errorf("recast: tile %d: %w", i, err)
		}
	}
	if len(rest) != 0 {
		return 0, fmt.Errorf("recast: %d bytes after the last tile", len(rest))
	}
	return int(c.set.NumTiles), nil
}

func (c *checker) checkSet() error {
	s := &c.set
	switch {
	case s.Magic != setMagic || s.Version != setVersion:
		return fmt.Errorf("recast: not a tiled mesh of version %d", setVersion)
	case s.MaxTiles < 1 || s.MaxTiles > MaxTiles:
		return fmt.Errorf("recast: room for %d tiles", s.MaxTiles)
	case s.MaxPolys < 1 || s.MaxPolys > 1<<22:
		return fmt.Errorf("recast: room for %d polygons", s.MaxPolys)
	case s.NumTiles < 1 || s.NumTiles > int32(s.MaxTiles):
		return fmt.Errorf("recast: %d tiles", s.NumTiles)
	case !bounded(s.Orig[:]...):
		return fmt.Errorf("recast: origin out of bounds")
	case !(s.TileWidth >= MinTile && s.TileWidth <= 2*MaxReach && s.TileHeight >= MinTile && s.TileHeight <= 2*MaxReach):
		return fmt.Errorf("recast: tiles of %v by %v m", s.TileWidth, s.TileHeight)
	}
	c.layout = layoutOf(s.MaxTiles, s.MaxPolys)
	// Fewer than ten bits of salt is what go-detour refuses, but its subtraction wraps around at more than 32.
	if c.layout.tileBits+c.layout.polyBits > 22 {
		return fmt.Errorf("recast: references of %d bits", c.layout.tileBits+c.layout.polyBits)
	}
	return nil
}

// checkEntry checks one tile with its reference and returns what follows it.
func (c *checker) checkEntry(data []byte) ([]byte, error) {
	if len(data) < refSize {
		return nil, fmt.Errorf("file ends in a tile reference")
	}
	ref, size := binary.LittleEndian.Uint32(data), int64(int32(binary.LittleEndian.Uint32(data[4:])))
	data = data[refSize:]
	salt, tile, poly := c.layout.split(ref)
	if salt == 0 || poly != 0 || tile >= c.set.MaxTiles || c.occupied[tile] {
		return nil, fmt.Errorf("bad reference %#x", ref)
	}
	c.occupied[tile] = true
	if size < tileSize || size > int64(len(data)) {
		return nil, fmt.Errorf("size %d of %d bytes left", size, len(data))
	}
	t := tileChecker{body: data[tileSize:size]}
	if _, err := binary.Decode(data, binary.LittleEndian, &t.head); err != nil {
		return nil, err
	}
	place := [3]int32{t.head.X, t.head.Y, t.head.Layer}
	if c.places[place] {
		return nil, fmt.Errorf("second tile at %v", place)
	}
	c.places[place] = true
	if t.head.PolyCount > int32(c.set.MaxPolys) {
		return nil, fmt.Errorf("%d polygons", t.head.PolyCount)
	}
	return data[size:], t.check()
}

// bounded reports whether all coordinates are numbers within MaxReach.
func bounded(values ...float32) bool {
	for _, v := range values {
		if !(math.Abs(float64(v)) <= MaxReach) { // Also true of NaN.
			return false
		}
	}
	return true
}
