package game

import (
	"messiah/core/entity"
	"messiah/core/geom"
	"messiah/core/nav"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/schema"
	"messiah/core/wire"
)

// findPath hands a query to the path lane; false at the bound.
func (g *Game) findPath(env *node.Env, num uint64, from, to geom.Vec3) bool {
	if g.queries >= MaxQueries {
		return false
	}
	g.queries++
	env.Offload(LanePaths, &node.Input{Num: num, Body: env.Encode(&pathTask{from, to})})
	return true
}

func (g *Game) pathFound(env *node.Env, in *node.Input) {
	g.queries--
	outcome := proto.OutcomeOK
	if in.Type == pathFailed {
		outcome = proto.OutcomeFailed
	}
	g.world.Answered(env, in.Num, outcome, in.Body)
}

// Paths is the lane that answers path queries; the mesh is read-only and
// shared, the query object is its own.
type Paths struct {
	finder  nav.Pathfinder
	query   nav.Query // nil until the first task: many games ask for no path
	paths   schema.For[entity.Path]
	encoder wire.Encoder
	body    []byte
}

// NewPaths makes the lane with a query object of its own over a shared mesh.
func NewPaths(finder nav.Pathfinder) *Paths {
	return &Paths{finder: finder, paths: schema.MustFor[entity.Path]()}
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
			p.body = p.paths.Append(&p.encoder, p.body[:0], &entity.Path{Partial: found.Partial, Length: found.Length, Points: found.Points})
			answer.Body = p.body
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
