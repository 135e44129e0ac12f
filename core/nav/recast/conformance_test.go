package recast_test

import (
	_ "embed"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"messiah/core/geom"
	"messiah/core/nav"
	"messiah/core/nav/recast"
)

//go:embed courtyard.obj
var courtyard []byte

// world is the sample world by one implementation.
type world struct {
	name   string
	finder nav.Pathfinder
	zero   geom.Vec3 // Where its corner lies.
}

func worlds(t testing.TB) []world {
	solo := recast.Walker()
	solo.TileSize = 0
	whole, err := recast.Build(courtyard, solo)
	if err != nil {
		t.Fatal(err)
	}
	zero := geom.Vec3{X: 30_000, Y: 12, Z: -7_000}
	far, err := recast.Courtyard().At(zero)
	if err != nil {
		t.Fatal(err)
	}
	return []world{
		{"grid", nav.Courtyard(), geom.Vec3{}},
		{"tiled", recast.Courtyard(), geom.Vec3{}},
		{"solo", whole, geom.Vec3{}},
		{"far", far, zero},
	}
}

func (w world) at(x, z float64) geom.Vec3 {
	return geom.Vec3{X: w.zero.X + x, Y: w.zero.Y, Z: w.zero.Z + z}
}

// walk finds a path, checks what is true of all of them and returns a copy.
func (w world) walk(t testing.TB, q nav.Query, from, to geom.Vec3) nav.Path {
	t.Helper()
	path, err := q.FindPath(from, to)
	if err != nil {
		t.Fatalf("%v to %v: %v", from, to, err)
	}
	path.Points = slices.Clone(path.Points)
	if len(path.Points) == 0 || across(path.Points[0], from) > 0.01 {
		t.Fatalf("path from %v starts wrong: %v", from, path.Points)
	}
	if end := path.Points[len(path.Points)-1]; !path.Partial && across(end, to) > 0.01 {
		t.Fatalf("path to %v ends at %v", to, end)
	}
	length := 0.0
	for i, p := range path.Points {
		if math.Abs(p.Y-w.zero.Y) > 0.5 {
			t.Fatalf("point %v is off the floor", p)
		}
		if i > 0 {
			length += math.Hypot(across(path.Points[i-1], p), p.Y-path.Points[i-1].Y)
			w.checkClear(t, path.Points[i-1], p)
		}
	}
	if math.Abs(length-path.Length) > 1e-6 {
		t.Fatalf("length %v of a path of %v m", path.Length, length)
	}
	return path
}

// checkClear checks that a line keeps its distance from walls, but for a cell of rounding.
func (w world) checkClear(t testing.TB, a, b geom.Vec3) {
	t.Helper()
	const keep = 0.2
	for i := range 1001 {
		f := float64(i) / 1000
		x, z := a.X+(b.X-a.X)*f-w.zero.X, a.Z+(b.Z-a.Z)*f-w.zero.Z
		for _, r := range nav.CourtyardWalls() {
			if x > r.MinX-keep && x < r.MaxX+keep && z > r.MinZ-keep && z < r.MaxZ+keep {
				t.Fatalf("the line %v to %v runs through the wall %v", a, b, r)
			}
		}
	}
}

func across(a, b geom.Vec3) float64 { return math.Hypot(a.X-b.X, a.Z-b.Z) }

func TestConformance(t *testing.T) {
	for _, w := range worlds(t) {
		t.Run(w.name, func(t *testing.T) {
			t.Run("open ground is crossed straight", w.straight)
			t.Run("a wall is passed by its gap", w.gap)
			t.Run("a closed pen is approached", w.pen)
			t.Run("a short way is no way", w.nowhere)
			t.Run("a point beside the mesh is moved to it", w.beside)
			t.Run("bad points are refused", w.bad)
			t.Run("an answer depends on the question only", w.pure)
		})
	}
}

func (w world) straight(t *testing.T) {
	from, to := w.at(3, 4), w.at(17, 36)
	path := w.walk(t, w.finder.NewQuery(), from, to)
	// Detour may bend a way by centimetres where four tiles meet.
	if path.Partial || len(path.Points) > 4 || path.Length < across(from, to)-0.001 || path.Length > across(from, to)*1.005 {
		t.Errorf("%+v", path)
	}
}

func (w world) gap(t *testing.T) {
	path := w.walk(t, w.finder.NewQuery(), w.at(5, 5), w.at(35, 5))
	// The shortest ways about the gap's corners, of an agent of no width and of one that keeps 1.2 m.
	low := 2*math.Hypot(14.5, 12) + 1
	high := 2*math.Hypot(13.3, 13.2) + 3.4
	if path.Partial || path.Length < low || path.Length > high {
		t.Errorf("%v m, not within %v … %v: %+v", path.Length, low, high, path)
	}
}

func (w world) pen(t *testing.T) {
	path := w.walk(t, w.finder.NewQuery(), w.at(25, 5), w.at(34, 34))
	end := path.Points[len(path.Points)-1]
	if !path.Partial || across(end, w.at(34, 34)) > 7 || across(end, w.at(34, 34)) < 4 {
		t.Errorf("%+v", path)
	}
	path = w.walk(t, w.finder.NewQuery(), w.at(33, 33), w.at(35, 35))
	if path.Partial || math.Abs(path.Length-math.Sqrt(8)) > 0.01 {
		t.Errorf("inside the pen: %+v", path)
	}
}

func (w world) nowhere(t *testing.T) {
	path := w.walk(t, w.finder.NewQuery(), w.at(8, 8), w.at(8, 8))
	if path.Partial || path.Length != 0 {
		t.Errorf("%+v", path)
	}
}

func (w world) beside(t *testing.T) {
	path, err := w.finder.NewQuery().FindPath(w.at(-0.5, 10), w.at(10, 10))
	if err != nil || path.Partial {
		t.Fatal(path, err)
	}
	if p := path.Points[0]; across(p, w.at(-0.5, 10)) > nav.ReachAcross || p.X < w.zero.X+0.2 {
		t.Errorf("moved to %v", p)
	}
	up := w.at(10, 10)
	up.Y += 2
	if path, err = w.finder.NewQuery().FindPath(up, w.at(12, 10)); err != nil || math.Abs(path.Points[0].Y-w.zero.Y) > 0.5 {
		t.Errorf("from the air: %+v, %v", path, err)
	}
}

func (w world) bad(t *testing.T) {
	good, q := w.at(5, 5), w.finder.NewQuery()
	high := good
	high.Y += 50
	tests := []struct {
		point geom.Vec3
		want  error
	}{
		{geom.Vec3{X: math.NaN()}, nav.ErrPoint},
		{geom.Vec3{Y: math.NaN()}, nav.ErrPoint},
		{geom.Vec3{Z: math.Inf(1)}, nav.ErrPoint},
		{geom.Vec3{X: math.Inf(-1), Y: math.NaN()}, nav.ErrPoint},
		{geom.Vec3{X: 1e9}, nav.ErrPoint},
		{geom.Vec3{Z: -math.MaxFloat64}, nav.ErrPoint},
		{geom.Vec3{X: nav.MaxCoord, Z: -nav.MaxCoord}, nav.ErrOffMesh},
		{w.at(200, 5), nav.ErrOffMesh},
		{w.at(5, -3), nav.ErrOffMesh},
		{high, nav.ErrOffMesh},
	}
	for _, tt := range tests {
		if _, err := q.FindPath(tt.point, good); !errors.Is(err, tt.want) {
			t.Errorf("from %v: %v", tt.point, err)
		}
		if _, err := q.FindPath(good, tt.point); !errors.Is(err, tt.want) {
			t.Errorf("to %v: %v", tt.point, err)
		}
	}
	w.walk(t, q, good, w.at(35, 5))
}

func (w world) pure(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	used := w.finder.NewQuery()
	for range 50 {
		from, to := w.pick(random), w.pick(random)
		a, b := w.walk(t, used, from, to), w.walk(t, w.finder.NewQuery(), from, to)
		if !slices.Equal(a.Points, b.Points) || a.Length != b.Length || a.Partial != b.Partial {
			t.Fatalf("%v to %v: a used query says %+v, a new one %+v", from, to, a, b)
		}
	}
}

// pick is a walkable place outside of the pen that all implementations agree on.
func (w world) pick(random *rand.Rand) geom.Vec3 {
	for {
		x, z := 1.5+37*random.Float64(), 1.5+37*random.Float64()
		free := x < 28.5 || z < 28.5
		for _, r := range nav.CourtyardWalls() {
			free = free && (x < r.MinX-1.5 || x > r.MaxX+1.5 || z < r.MinZ-1.5 || z > r.MaxZ+1.5)
		}
		if free {
			return w.at(x, z)
		}
	}
}

// TestImplementationsAgree compares lengths between random places: all within a few cells of each other.
func TestImplementationsAgree(t *testing.T) {
	all := worlds(t)
	queries := make([]nav.Query, len(all))
	for i, w := range all {
		queries[i] = w.finder.NewQuery()
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		from, to := all[0].pick(random), all[0].pick(random)
		var want nav.Path
		for i, w := range all {
			got := w.walk(t, queries[i], w.at(from.X, from.Z), w.at(to.X, to.Z))
			if i == 0 {
				want = got
			}
			if got.Partial || math.Abs(got.Length-want.Length) > 1.5+0.03*want.Length {
				t.Fatalf("%v to %v: %s walks %+v, the grid %+v", from, to, w.name, got, want)
			}
		}
	}
}

// TestLanesShareAMesh runs under -race: queries of their own over one mesh do not meet.
func TestLanesShareAMesh(t *testing.T) {
	for _, w := range worlds(t) {
		done := make(chan nav.Path)
		for range 4 {
			go func() {
				q := w.finder.NewQuery()
				var path nav.Path
				for range 100 {
					path, _ = q.FindPath(w.at(5, 5), w.at(35, 5))
				}
				done <- path
			}()
		}
		for range 4 {
			if path := <-done; path.Length == 0 || path.Partial {
				t.Errorf("%s: %+v", w.name, path)
			}
		}
	}
}

func BenchmarkFindPath(b *testing.B) {
	for _, w := range worlds(b)[:3] {
		b.Run(w.name, func(b *testing.B) {
			q := w.finder.NewQuery()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := q.FindPath(w.at(5, 5), w.at(35, 5)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
