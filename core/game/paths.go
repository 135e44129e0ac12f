package game

import (
	"messiah/core/geom"
	"messiah/core/nav"
	"messiah/core/node"
	"messiah/core/wire"
)

// Paths is the lane that answers path queries; the mesh is read-only and
// shared, the query object is its own.
type Paths struct {
	finder nav.Pathfinder
	query  nav.Query // nil until the first task: many games ask for no path
}

// NewPaths makes the lane with a query object of its own over a shared mesh.
func NewPaths(finder nav.Pathfinder) *Paths {
	return &Paths{finder: finder}
}

// pathFailed is the Type of an answer whose query failed.
const pathFailed = 1

// Step answers one query.
func (p *Paths) Step(env *node.LaneEnv, in *node.Input) {
	if in.Kind != node.InTask {
		return
	}
	if p.query == nil {
		p.query = p.finder.NewQuery()
	}
	answer := node.Input{Kind: node.InAnswer, Num: in.Num, Type: pathFailed}
	var task pathTask
	if wire.Decode(in.Body, &task) == nil {
		if found, err := p.query.FindPath(task.from, task.to); err == nil {
			answer.Type = 0
			answer.Body = wire.Append(nil, &PathReply{found.Partial, found.Length, found.Points})
		}
	}
	env.Answer(&answer)
}

// State has nothing to read or write: a query keeps nothing from one path to the next.
func (p *Paths) State(*wire.Coder) {}

// pathTask is a query on its way to the lane.
type pathTask struct{ from, to geom.Vec3 }

// Code reads or writes the task.
func (t *pathTask) Code(c *wire.Coder) {
	codeVec(c, &t.from)
	codeVec(c, &t.to)
}

func codeVec(c *wire.Coder, v *geom.Vec3) {
	c.Float64(&v.X)
	c.Float64(&v.Y)
	c.Float64(&v.Z)
}

// PathReply is the result of a path query: the corner points, start and end included.
type PathReply struct {
	Partial bool
	Length  float64
	Points  []geom.Vec3
}

// Code reads or writes the reply.
func (r *PathReply) Code(c *wire.Coder) {
	c.Bool(&r.Partial)
	c.Float64(&r.Length)
	wire.Slice(c, &r.Points, codeVec)
}
