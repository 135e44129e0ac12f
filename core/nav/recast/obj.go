package recast

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MaxTriangles is how many triangles, and how many vertices, an .obj may have.
const MaxTriangles = 1 << 20

// soup is the geometry of an .obj: vertices in metres, triangles as indices of three.
type soup struct {
	verts []float32
	tris  []int32
}

// parseOBJ reads the v and f lines of an .obj (Y up, metres) and fans polygons out to triangles. go-detour has a
// reader of its own, which panics on a face before its vertices and leaves out faces with negative indices in silence.
func parseOBJ(obj []byte) (*soup, error) {
	if len(obj) > MaxFile {
		return nil, fmt.Errorf("recast: .obj of %d bytes", len(obj))
	}
	s, number := &soup{}, 0
	for line := range bytes.Lines(obj) {
		number++
		words := strings.Fields(string(line))
		if len(words) == 0 {
			continue
		}
		var err error
		switch words[0] {
		case "v":
			err = s.addVertex(words[1:])
		case "f":
			err = s.addFace(words[1:])
		}
		if err != nil {
			return nil, fmt.Errorf("recast: .obj line %d: %w", number, err)
		}
	}
	if len(s.tris) == 0 {
		return nil, fmt.Errorf("recast: .obj without a face")
	}
	return s, nil
}

func (s *soup) addVertex(words []string) error {
	if len(words) < 3 {
		return fmt.Errorf("vertex of %d coordinates", len(words))
	}
	if len(s.verts) >= 3*MaxTriangles {
		return fmt.Errorf("over %d vertices", MaxTriangles)
	}
	for _, w := range words[:3] {
		v, err := strconv.ParseFloat(w, 32)
		if err != nil || !bounded(float32(v)) {
			return fmt.Errorf("coordinate %.20q is not within %d m: build a space about its own zero", w, MaxReach)
		}
		s.verts = append(s.verts, float32(v))
	}
	return nil
}

func (s *soup) addFace(words []string) error {
	if len(words) < 3 {
		return fmt.Errorf("face of %d corners", len(words))
	}
	if len(s.tris)/3+len(words)-2 > MaxTriangles {
		return fmt.Errorf("over %d triangles", MaxTriangles)
	}
	var first, last int32
	for i, w := range words {
		corner, err := s.index(w)
		if err != nil {
			return err
		}
		switch {
		case i == 0:
			first = corner
		case i > 1:
			s.tris = append(s.tris, first, last, corner)
		}
		last = corner
	}
	return nil
}

// index reads a corner such as 7, 7/1/3 or -1, counted from one or back from the last vertex.
func (s *soup) index(word string) (int32, error) {
	number, _, _ := strings.Cut(word, "/")
	n, err := strconv.ParseInt(number, 10, 32)
	have := int64(len(s.verts) / 3)
	if n < 0 {
		n += have + 1
	}
	if err != nil || n < 1 || n > have {
		return 0, fmt.Errorf("corner %.20q of %d vertices", word, have)
	}
	return int32(n - 1), nil
}

// corner is a vertex by its index.
func (s *soup) corner(i int32) [3]float32 { return [3]float32(s.verts[3*i:]) }

// bounds is the box about some triangles.
func (s *soup) bounds(tris []int32) (low, high [3]float32) {
	low = [3]float32{math.MaxFloat32, math.MaxFloat32, math.MaxFloat32}
	high = [3]float32{-math.MaxFloat32, -math.MaxFloat32, -math.MaxFloat32}
	for _, t := range tris {
		p := s.corner(t)
		for i := range 3 {
			low[i], high[i] = min(low[i], p[i]), max(high[i], p[i])
		}
	}
	return low, high
}
