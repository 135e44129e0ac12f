package recast

import (
	"fmt"
	"math"

	"github.com/arl/go-detour/detour"

	"messiah/core/geom"
	"messiah/core/nav"
)

// query is one lane's search state over a shared mesh.
type query struct {
	mesh     *Mesh
	detour   *detour.NavMeshQuery
	filter   *detour.StandardQueryFilter
	corridor []detour.PolyRef
	straight func(from, to []float32, corridor []detour.PolyRef) ([][3]float32, detour.Status)
	points   []geom.Vec3
}

// FindPath finds the polygons of a way and pulls it tight. A panic of go-detour becomes an error:
// the mesh was checked, but a path query carries a client's numbers, and those never end a process.
func (q *query) FindPath(from, to geom.Vec3) (path nav.Path, err error) {
	defer recovered("query", &err)
	start, startRef, err := q.settle(from)
	if err != nil {
		return nav.Path{}, err
	}
	end, endRef, err := q.settle(to)
	if err != nil {
		return nav.Path{}, err
	}
	n, status := q.detour.FindPath(startRef, endRef, start, end, q.filter, q.corridor)
	if detour.StatusFailed(status) || n == 0 {
		return nav.Path{}, fmt.Errorf("recast: path: %w", status)
	}
	partial := q.corridor[n-1] != endRef
	corners, status := q.straight(start, end, q.corridor[:n])
	if detour.StatusFailed(status) {
		return nav.Path{}, fmt.Errorf("recast: straight path: %w", status)
	}
	// Full to the brim is also what a path of just MaxPoints reports, hence the look at its end.
	if status&detour.BufferTooSmall != 0 && !near(corners[len(corners)-1], end) || status&detour.PartialResult != 0 {
		partial = true
	}
	if err := q.place(corners); err != nil {
		return nav.Path{}, err
	}
	return nav.NewPath(q.points, partial), nil
}

// settle moves a point to the nearest polygon within reach, in the mesh's own coordinates.
func (q *query) settle(p geom.Vec3) ([]float32, detour.PolyRef, error) {
	if err := nav.CheckPoint(p); err != nil {
		return nil, 0, err
	}
	o := q.mesh.origin
	at := []float32{float32(p.X - o.X), float32(p.Y - o.Y), float32(p.Z - o.Z)}
	for _, v := range at {
		if !(v >= -MaxReach-nav.ReachUp && v <= MaxReach+nav.ReachUp) {
			return nil, 0, nav.ErrOffMesh
		}
	}
	reach := []float32{nav.ReachAcross, nav.ReachUp, nav.ReachAcross}
	status, ref, found := q.detour.FindNearestPoly(at, reach, q.filter)
	if detour.StatusFailed(status) {
		return nil, 0, fmt.Errorf("recast: nearest polygon: %w", status)
	}
	// The search takes polygons whose box is in reach, their nearest point may be farther.
	if ref == 0 || !within(at, found) {
		return nil, 0, nav.ErrOffMesh
	}
	return found, ref, nil
}

// within reports whether a point was moved no farther than the reach.
func within(a, b []float32) bool {
	x, y, z := float64(a[0]-b[0]), float64(a[1]-b[1]), float64(a[2]-b[2])
	across := float64(x*x) + float64(z*z)
	return across <= nav.ReachAcross*nav.ReachAcross && math.Abs(y) <= nav.ReachUp
}

// near reports whether two points are one, as far as go-detour tells points apart within MaxReach.
func near(a [3]float32, b []float32) bool {
	const tolerance = 0.05 // Metres.
	return math.Abs(float64(a[0]-b[0])) < tolerance && math.Abs(float64(a[2]-b[2])) < tolerance
}

// place writes the corners as points of the world. A corner that is no number can only come from a degenerate polygon.
func (q *query) place(corners [][3]float32) error {
	o := q.mesh.origin
	q.points = q.points[:0]
	for _, c := range corners {
		p := geom.Vec3{X: o.X + float64(c[0]), Y: o.Y + float64(c[1]), Z: o.Z + float64(c[2])}
		if math.IsNaN(p.X+p.Y+p.Z) || math.IsInf(p.X+p.Y+p.Z, 0) {
			return fmt.Errorf("recast: a degenerate polygon on the path")
		}
		q.points = append(q.points, p)
	}
	return nil
}

// straightener wraps go-detour's FindStraightPath with buffers of its own. It is generic to infer the vector type, so
// that this package imports go-detour alone and not the module of its vectors.
func straightener[V ~[]float32](
	find func(from, to V, corridor []detour.PolyRef, out []V, flags []uint8, refs []detour.PolyRef, options int32) (int, detour.Status),
) func(from, to []float32, corridor []detour.PolyRef) ([][3]float32, detour.Status) {
	buffer := make([]V, nav.MaxPoints)
	for i := range buffer {
		buffer[i] = make(V, 3)
	}
	corners := make([][3]float32, 0, nav.MaxPoints)
	return func(from, to []float32, corridor []detour.PolyRef) ([][3]float32, detour.Status) {
		n, status := find(from, to, corridor, buffer, nil, nil, 0)
		if n == 0 {
			return nil, status | detour.Failure
		}
		corners = corners[:0]
		for _, c := range buffer[:n] {
			corners = append(corners, [3]float32(c))
		}
		return corners, status
	}
}

// recovered turns a panic of go-detour into an error; to be deferred.
func recovered(doing string, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("recast: %s: go-detour panicked: %v", doing, r)
	}
}
