package nav

import (
	"math"
	"slices"
)

// maxSight is how many cells of a found way one look ahead spans; it bounds the
// work of pulling, and costs no more than a point in the middle of a straight line.
const maxSight = 256

// trace writes the found way from start to end: the two places and the middles of the cells between.
func (q *gridQuery) trace(start, end spot) {
	q.spots = append(q.spots[:0], end)
	for cell := end.cell; cell != start.cell; {
		cell = q.cells[cell].parent
		if cell != start.cell {
			q.spots = append(q.spots, q.grid.middle(cell))
		}
	}
	q.spots = append(q.spots, start)
	slices.Reverse(q.spots)
}

// pull keeps the corners of the traced way and reports whether MaxPoints cut it off.
// It is done from both ends: from one alone it leaves the corner it comes to first too late.
func (q *gridQuery) pull() (cut bool) {
	q.spots = q.grid.corners(q.spots)
	slices.Reverse(q.spots)
	q.spots = q.grid.corners(q.spots)
	slices.Reverse(q.spots)
	q.points = q.points[:0]
	for _, s := range q.spots {
		p := q.grid.point(s)
		if n := len(q.points); n > 0 && q.points[n-1] == p {
			continue
		}
		if len(q.points) == MaxPoints {
			return true
		}
		q.points = append(q.points, p)
	}
	return false
}

// corners drops, in place, each spot that can be passed by in a straight line.
func (g *Grid) corners(way []spot) []spot {
	kept, anchor := 1, 0
	from := way[0]
	for i := 2; i < len(way); i++ {
		if i-anchor <= maxSight && g.visible(from, way[i]) {
			continue
		}
		anchor, from = i-1, way[i-1]
		way[kept] = from
		kept++
	}
	if len(way) > 1 {
		way[kept] = way[len(way)-1]
		kept++
	}
	return way[:kept]
}

// visible reports whether a straight line runs through open cells only; at a
// corner of four cells it needs all of them.
func (g *Grid) visible(a, b spot) bool {
	x, z := a.cell%g.width, a.cell/g.width
	endX, endZ := b.cell%g.width, b.cell/g.width
	for x != endX || z != endZ {
		tx, tz := crossing(a.x, b.x, x, endX), crossing(a.z, b.z, z, endZ)
		stepX, stepZ := toward(x, endX), toward(z, endZ)
		if tx == tz && !(g.open(x+stepX, z) && g.open(x, z+stepZ)) {
			return false
		}
		if tx <= tz {
			x += stepX
		}
		if tz <= tx {
			z += stepZ
		}
		if !g.open(x, z) {
			return false
		}
	}
	return true
}

// crossing is where on the way from a to b (0 to 1) the line leaves the cell along one axis, infinite in the last one.
func crossing(a, b float64, cell, end int32) float64 {
	switch {
	case cell < end:
		return (float64(cell+1) - a) / (b - a)
	case cell > end:
		return (float64(cell) - a) / (b - a)
	}
	return math.Inf(1)
}

func toward(v, end int32) int32 {
	switch {
	case v < end:
		return 1
	case v > end:
		return -1
	}
	return 0
}
