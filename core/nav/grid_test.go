package nav

import (
	"math"
	"math/rand/v2"
	"testing"

	"messiah/core/geom"
)

func TestGridRefuses(t *testing.T) {
	good := GridSpec{Width: 10, Depth: 10, Cell: 0.5}
	tests := []struct {
		name   string
		change func(*GridSpec)
	}{
		{"no width", func(s *GridSpec) { s.Width = 0 }},
		{"infinite depth", func(s *GridSpec) { s.Depth = math.Inf(1) }},
		{"a cell that is no number", func(s *GridSpec) { s.Cell = math.NaN() }},
		{"too many cells", func(s *GridSpec) { s.Width, s.Depth = 1000, 1000 }},
		{"a negative radius", func(s *GridSpec) { s.Radius = -1 }},
		{"a far origin", func(s *GridSpec) { s.Origin.X = 1e6 }},
		{"a wall that is no number", func(s *GridSpec) { s.Walls = []Rect{{MaxX: math.NaN()}} }},
		{"too many walls", func(s *GridSpec) { s.Walls = make([]Rect, MaxWalls+1) }},
	}
	for _, tt := range tests {
		spec := good
		tt.change(&spec)
		if _, err := NewGrid(spec); err == nil {
			t.Errorf("%s: accepted", tt.name)
		}
	}
	if _, err := NewGrid(good); err != nil {
		t.Error(err)
	}
}

// TestGridFindsTheCheapestWay compares the search with a flood over all cells, without estimate or heap.
func TestGridFindsTheCheapestWay(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		g := scatter(random, 12, 9)
		q := g.NewQuery().(*gridQuery)
		start, goal := random.Int32N(12*9), random.Int32N(12*9)
		if g.blocked[start] || g.blocked[goal] {
			continue
		}
		want := flood(g, start)[goal]
		last := q.search(start, goal)
		if got := q.cells[last].cost; last == goal && got != want || (last == goal) != (want < math.MaxInt32) {
			t.Fatalf("%d to %d: reached %d for %d, the flood says %d", start, goal, last, got, want)
		}
	}
}

func scatter(random *rand.Rand, width, depth int32) *Grid {
	g := &Grid{cell: 1, width: width, depth: depth, blocked: make([]bool, width*depth)}
	for i := range g.blocked {
		g.blocked[i] = random.IntN(3) == 0
	}
	return g
}

// flood relaxes all steps until nothing changes.
func flood(g *Grid, start int32) []int32 {
	cost := make([]int32, len(g.blocked))
	for i := range cost {
		cost[i] = math.MaxInt32
	}
	cost[start] = 0
	for changed := true; changed; {
		changed = false
		for i := range cost {
			x, z := int32(i)%g.width, int32(i)/g.width
			if cost[i] == math.MaxInt32 {
				continue
			}
			for _, d := range [...][3]int32{
				{1, 0, 70}, {-1, 0, 70}, {0, 1, 70}, {0, -1, 70}, {1, 1, 99}, {1, -1, 99}, {-1, 1, 99}, {-1, -1, 99},
			} {
				to := (z+d[1])*g.width + x + d[0]
				if g.open(x+d[0], z+d[1]) && g.open(x+d[0], z) && g.open(x, z+d[1]) && cost[i]+d[2] < cost[to] {
					cost[to], changed = cost[i]+d[2], true
				}
			}
		}
	}
	return cost
}

// TestPulledWaysStayOnOpenCells looks at small steps along each path, and at its length against the cells' way.
func TestPulledWaysStayOnOpenCells(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	found := 0
	for range 2000 {
		g := scatter(random, 20, 20)
		q := g.NewQuery().(*gridQuery)
		from := geom.Vec3{X: 20 * random.Float64(), Z: 20 * random.Float64()}
		to := geom.Vec3{X: 20 * random.Float64(), Z: 20 * random.Float64()}
		path, err := q.FindPath(from, to)
		if err != nil || path.Partial {
			continue
		}
		found++
		for i := 1; i < len(path.Points); i++ {
			checkOpen(t, g, path.Points[i-1], path.Points[i])
		}
		goal := g.spotAt(path.Points[len(path.Points)-1].X, path.Points[len(path.Points)-1].Z).cell
		if cells := float64(q.cells[goal].cost)/70 + 2; path.Length > cells {
			t.Fatalf("%v m, over cells %v", path.Length, cells)
		}
	}
	if found < 200 {
		t.Errorf("only %d paths", found)
	}
}

func checkOpen(t *testing.T, g *Grid, a, b geom.Vec3) {
	t.Helper()
	const steps = 997
	for i := range steps + 1 {
		f := float64(i) / steps
		x, z := a.X+(b.X-a.X)*f, a.Z+(b.Z-a.Z)*f
		// A place just on an edge belongs to either side.
		const e = 1e-9
		if !g.open(int32(x-e), int32(z-e)) && !g.open(int32(x+e), int32(z+e)) && !g.open(int32(x-e), int32(z+e)) && !g.open(int32(x+e), int32(z-e)) {
			t.Fatalf("the line %v to %v meets a blocked cell at %v, %v", a, b, x, z)
		}
	}
}

// TestGridLimits: a search that looks at MaxExpand cells, and a path of more than MaxPoints corners, are Partial.
func TestGridLimits(t *testing.T) {
	comb := GridSpec{Width: 1000, Depth: 1000, Cell: 1}
	for x := range 499 {
		wall := Rect{float64(2*x) + 1, 0, float64(2*x) + 2, 990}
		if x%2 == 1 {
			wall.MinZ, wall.MaxZ = 10, 1000
		}
		comb.Walls = append(comb.Walls, wall)
	}
	g, err := NewGrid(comb)
	if err != nil {
		t.Fatal(err)
	}
	q := g.NewQuery()
	path, err := q.FindPath(geom.Vec3{X: 0.5, Z: 0.5}, geom.Vec3{X: 998.5, Z: 0.5})
	if err != nil || !path.Partial || len(path.Points) > MaxPoints {
		t.Errorf("%d points, partial %v, %v", len(path.Points), path.Partial, err)
	}

	short := GridSpec{Width: 1000, Depth: 6, Cell: 1}
	for x := range 499 {
		wall := Rect{float64(2*x) + 1, 0, float64(2*x) + 2, 5}
		if x%2 == 1 {
			wall.MinZ, wall.MaxZ = 1, 6
		}
		short.Walls = append(short.Walls, wall)
	}
	if g, err = NewGrid(short); err != nil {
		t.Fatal(err)
	}
	path, err = g.NewQuery().FindPath(geom.Vec3{X: 0.5, Z: 0.5}, geom.Vec3{X: 998.5, Z: 0.5})
	if err != nil || !path.Partial || len(path.Points) != MaxPoints {
		t.Errorf("%d points, partial %v, %v", len(path.Points), path.Partial, err)
	}
}

// TestRoundsWrap: marks of a query four billion queries ago are not taken for new ones.
func TestRoundsWrap(t *testing.T) {
	q := Courtyard().NewQuery().(*gridQuery)
	ask := func() Path {
		path, err := q.FindPath(geom.Vec3{X: 5, Z: 5}, geom.Vec3{X: 35, Z: 5})
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	want := ask().Length
	q.round = math.MaxUint32
	if got := ask().Length; got != want || q.round != 1 {
		t.Errorf("%v m in round %d, not %v m", got, q.round, want)
	}
}

func BenchmarkGrid(b *testing.B) {
	q := Courtyard().NewQuery()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := q.FindPath(geom.Vec3{X: 5, Z: 5}, geom.Vec3{X: 35, Z: 5}); err != nil {
			b.Fatal(err)
		}
	}
}
