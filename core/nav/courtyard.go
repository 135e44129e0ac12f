package nav

// Courtyard is the sample world as a grid, its corner at the origin: 40 by 40 m, a wall along X = 20 with a gap of 6 m
// in the middle, and a closed pen of 8 by 8 m around (34, 34). Package recast has the same as a mesh.
func Courtyard() *Grid {
	g, err := NewGrid(GridSpec{Width: 40, Depth: 40, Cell: 0.5, Radius: 0.6, Walls: CourtyardWalls()})
	if err != nil {
		panic(err)
	}
	return g
}

// CourtyardWalls are the walls of the sample world, in metres.
func CourtyardWalls() []Rect {
	return []Rect{
		{19.5, 0, 20.5, 17}, {19.5, 23, 20.5, 40},
		{30, 30, 38, 31}, {30, 37, 38, 38}, {30, 31, 31, 37}, {37, 31, 38, 37},
	}
}
