package recast

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"messiah/core/geom"
)

// bin is the sample world as a file, in small tiles.
func bin(t testing.TB) []byte {
	s := Walker()
	s.TileSize = 16
	data, err := Bake([]byte(courtyardOBJ), s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// loadAny loads a file by its own checksum, as if its publisher had made it so.
func loadAny(data []byte) (*Mesh, error) { return Load(data, sha256.Sum256(data)) }

func TestLoadReadsWhatBakeWrites(t *testing.T) {
	data := bin(t)
	m, err := loadAny(data)
	if err != nil {
		t.Fatal(err)
	}
	if m.Tiles() != 9 {
		t.Errorf("%d tiles", m.Tiles())
	}
	path, err := m.NewQuery().FindPath(geom.Vec3{X: 5, Z: 5}, geom.Vec3{X: 35, Z: 5})
	if err != nil || path.Partial {
		t.Errorf("%+v, %v", path, err)
	}
	if !bytes.Equal(data, bin(t)) {
		t.Error("the same world was built twice, and differently")
	}
}

func TestLoadRefusesAWrongChecksum(t *testing.T) {
	data := bin(t)
	sum := sha256.Sum256(data)
	data[len(data)/2] ^= 1
	if _, err := Load(data, sum); err == nil {
		t.Error("a flipped bit was loaded")
	}
}

func TestLoadRefusesTruncatedFiles(t *testing.T) {
	data := bin(t)
	for n := 0; n < len(data); n += 1 + n/50 {
		if _, err := loadAny(data[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were loaded", n, len(data))
		}
	}
	if _, err := loadAny(append(bytes.Clone(data), 0)); err == nil {
		t.Error("a byte too many was loaded")
	}
}

// TestLoadSurvivesFlippedBytes changes each byte in turn: an error, or a mesh whose queries end with an answer or an error.
func TestLoadSurvivesFlippedBytes(t *testing.T) {
	data := bin(t)
	refused := 0
	for i := range data {
		for k, flip := range [...]byte{0x01, 0x80, 0xff} {
			if i > 600 && i%3 != k {
				continue // One change of each byte, but all three of the headers' at the start.
			}
			data[i] ^= flip
			if m, err := loadAny(data); err != nil {
				refused++
			} else if i%5 == 0 {
				ask(m)
			}
			data[i] ^= flip
		}
	}
	if refused < 1000 {
		t.Errorf("only %d flips refused", refused)
	}
}

func ask(m *Mesh) {
	q := m.NewQuery()
	for _, to := range [...]geom.Vec3{{X: 35, Z: 5}, {X: 34, Z: 34}, {X: 3, Z: 38}} {
		_, _ = q.FindPath(geom.Vec3{X: 5, Z: 5}, to) // That it returns is the point.
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(bin(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := loadAny(data); err == nil {
			ask(m)
		}
	})
}

func TestLoadNamesWhatIsWrong(t *testing.T) {
	const set, tile = 0, setSize + refSize
	float := math.Float32bits
	tests := []struct {
		name   string
		offset int
		value  uint32
		want   string
	}{
		{"magic", set, 0, "not a tiled mesh"},
		{"no tiles", set + 8, 0, "0 tiles"},
		{"negative tiles", set + 8, 1 << 31, "tiles"},
		{"origin that is no number", set + 12, float(float32(math.NaN())), "origin"},
		{"tiles without width", set + 24, 0, "tiles of 0 by"},
		{"tiles of infinite depth", set + 28, float(float32(math.Inf(1))), "by +Inf m"},
		{"room for 3.6 GiB", set + 32, 1 << 24, "room for 16777216 tiles"},
		{"room for no polygon", set + 36, 0, "room for 0 polygons"},
		{"references too wide", set + 36, 1 << 22, "references of"},
		{"null reference", setSize, 0, "bad reference"},
		{"reference to nowhere", setSize, math.MaxUint32, "bad reference"},
		{"no size", setSize + 4, 0, "size 0"},
		{"negative size", setSize + 4, math.MaxUint32, "size -1"},
		{"huge size", setSize + 4, math.MaxInt32, "size 2147483647"},
		{"tile magic", tile, 0, "not a tile"},
		{"far place", tile + 8, 1 << 20, "at 1048576"},
		{"negative polygons", tile + 24, 1 << 31, "polygons"},
		{"too many vertices", tile + 28, MaxVerts + 1, "21846 vertices"},
		{"no links", tile + 32, 0, "0 links"},
		{"missing detail mesh", tile + 36, 1, "detail meshes"},
		{"negative triangles", tile + 44, math.MaxUint32, "-1 detail triangles"},
		{"off-mesh connection", tile + 52, 1, "off-mesh"},
		{"agent of infinite climb", tile + 68, float(float32(math.Inf(1))), "agent"},
		{"bounds far away", tile + 72, float(5000), "bounds"},
		{"finest bounding volumes", tile + 96, float(1e9), "extent"},
		{"vertex that is no number", tile + tileSize, float(float32(math.NaN())), "vertex out of bounds"},
	}
	good := bin(t)
	for _, tt := range tests {
		data := bytes.Clone(good)
		binary.LittleEndian.PutUint32(data[tt.offset:], tt.value)
		if _, err := loadAny(data); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestLoadRefusesATileTwice is the case in which go-detour ends the process: a reference whose tile is taken.
func TestLoadRefusesATileTwice(t *testing.T) {
	data := bin(t)
	size := int(binary.LittleEndian.Uint32(data[setSize+4:]))
	second := setSize + refSize + size
	copy(data[second:second+4], data[setSize:setSize+4])
	if _, err := loadAny(data); err == nil || !strings.Contains(err.Error(), "bad reference") {
		t.Error(err)
	}
}

func TestBuildRefuses(t *testing.T) {
	with := func(change func(*Settings)) Settings {
		s := Walker()
		change(&s)
		return s
	}
	plain := Walker()
	quad := func(size float64) string {
		return fmt.Sprintf("v 0 0 0\nv 0 0 %v\nv %v 0 %v\nv %v 0 0\nf 1 2 3 4\n", size, size, size, size)
	}
	tests := []struct {
		name, obj string
		settings  Settings
		want      string
	}{
		{"nothing", "", plain, "without a face"},
		{"vertices only", "v 0 0 0\n", plain, "without a face"},
		{"a face before its vertices", "f 1 2 3\n", plain, "corner"},
		{"a corner zero", "v 0 0 0\nf 0 1 1\n", plain, "corner"},
		{"a corner that is no number", "v 0 0 0\nf a b c\n", plain, "corner"},
		{"a short face", "v 0 0 0\nf 1 1\n", plain, "face of 2"},
		{"a short vertex", "v 0 0\n", plain, "vertex of 2"},
		{"no number", "v 0 nan 0\n", plain, "coordinate"},
		{"infinity", "v 0 inf 0\n", plain, "coordinate"},
		{"a place far from zero", "v 5000 0 0\n", plain, "about its own zero"},
		{"walls only", "v 0 0 0\nv 0 9 0\nv 9 0 0\nf 1 2 3\n", plain, "no walkable place"},
		{"fine cells over a large world", quad(2000), with(func(s *Settings) { s.Cell = 0.05 }), "cells"},
		{"a long tile", "v 0 0 0\nv 0 0 9\nv 2000 0 9\nv 2000 0 0\nf 1 2 3 4\n", with(func(s *Settings) { s.TileSize, s.Cell = 0, 0.2 }), "smaller tiles"},
		{"triangles over each other", quad(1000) + strings.Repeat("f 1 2 3 4\n", 40), plain, "triangles over more"},
		{"a tower", quad(10) + "v 0 2000 0\nf 1 2 5\n", with(func(s *Settings) { s.CellHeight, s.AgentHeight = 0.05, 2 }), "cells high"},
		{"cells of no size", quad(10), with(func(s *Settings) { s.Cell = 0 }), "cell of 0"},
		{"an agent of no number", quad(10), with(func(s *Settings) { s.AgentRadius = math.NaN() }), "agent radius"},
		{"tiles of negative size", quad(10), with(func(s *Settings) { s.TileSize = -1 }), "tile size"},
	}
	for _, tt := range tests {
		if _, err := Build([]byte(tt.obj), tt.settings); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestBuildReadsSlashesAndNegativeCorners(t *testing.T) {
	m, err := Build([]byte("v 0 0 0\nv 0 0 9\nv 9 0 9\nv 9 0 0\nf -4/1/1 -3//2 -2/3 -1\n"), Walker())
	if err != nil || m.Tiles() != 1 {
		t.Fatal(m, err)
	}
}

// TestQueryWithFewNodes: go-detour panics with fewer than four.
func TestQueryWithFewNodes(t *testing.T) {
	m := Courtyard()
	for _, nodes := range [...]int{math.MinInt, -1, 0, 3, 4, math.MaxInt} {
		q, err := m.NewQueryWith(nodes)
		if err != nil {
			t.Fatal(nodes, err)
		}
		if _, err := q.FindPath(geom.Vec3{X: 5, Z: 5}, geom.Vec3{X: 35, Z: 5}); err != nil {
			t.Error(nodes, err)
		}
	}
}

func TestPanicsBecomeErrors(t *testing.T) {
	broken := func() (err error) {
		defer recovered("test", &err)
		panic("UNTESTED")
	}
	if err := broken(); err == nil || !strings.Contains(err.Error(), "UNTESTED") {
		t.Error(err)
	}
}

func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		Courtyard()
	}
}
