package cluster

import (
	"log/slog"

	"messiah/core/geom"
	"messiah/core/nav"
)

// world is a Pathfinder that is still being loaded: a game takes part in the
// start meanwhile, and the first query waits, on its lane, for the rest.
type world struct {
	loaded chan struct{} // closed when it is loaded
	finder nav.Pathfinder
	err    error
}

// load begins to load a world on a goroutine of its own.
func load(paths func() (nav.Pathfinder, error), log *slog.Logger) *world {
	w := &world{loaded: make(chan struct{})}
	go func() {
		defer close(w.loaded)
		if w.finder, w.err = paths(); w.err != nil {
			log.Error("the world of path queries cannot be loaded", "error", w.err)
		}
	}()
	return w
}

// NewQuery makes the query object of one lane.
func (w *world) NewQuery() nav.Query { return &worldQuery{world: w} }

// worldQuery is one lane's query object, made once the world is loaded.
type worldQuery struct {
	world *world
	query nav.Query
}

// FindPath finds a way; a world that could not be loaded answers every question with why.
func (q *worldQuery) FindPath(from, to geom.Vec3) (nav.Path, error) {
	<-q.world.loaded
	if q.world.err != nil {
		return nav.Path{}, q.world.err
	}
	if q.query == nil {
		q.query = q.world.finder.NewQuery()
	}
	return q.query.FindPath(from, to)
}
