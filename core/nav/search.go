package nav

import "messiah/core/geom"

// MaxExpand is how many cells one grid query looks at; a search that ends there is Partial.
const MaxExpand = 1 << 16

// Step costs are whole numbers, so that no sum depends on the order of rounding: 99/70 is √2 to four digits.
const (
	costStraight = 70
	costDiagonal = 99
)

// NewQuery makes the query object of one lane.
func (g *Grid) NewQuery() Query {
	n := len(g.blocked)
	return &gridQuery{grid: g, cells: make([]gridCell, n)}
}

// gridQuery is A* over the cells of one grid.
type gridQuery struct {
	grid   *Grid
	cells  []gridCell
	round  uint32 // Tells this query's marks in cells from those of earlier ones.
	heap   []candidate
	spots  []spot
	points []geom.Vec3
}

type gridCell struct {
	round  uint32
	closed bool
	cost   int32
	parent int32
}

// candidate is a cell to be looked at.
type candidate struct{ total, left, cell int32 }

// before is the order of the search, total on purpose: the lower estimate, then the nearer to the goal, then the lower cell.
func (c candidate) before(d candidate) bool {
	if c.total != d.total {
		return c.total < d.total
	}
	if c.left != d.left {
		return c.left < d.left
	}
	return c.cell < d.cell
}

// FindPath finds a way over the cells and pulls it tight.
func (q *gridQuery) FindPath(from, to geom.Vec3) (Path, error) {
	start, err := q.grid.settle(from)
	if err != nil {
		return Path{}, err
	}
	goal, err := q.grid.settle(to)
	if err != nil {
		return Path{}, err
	}
	last := q.search(start.cell, goal.cell)
	partial := last != goal.cell
	end := goal
	if partial {
		end = q.grid.middle(last)
		if last == start.cell {
			end = start
		}
	}
	q.trace(start, end)
	cut := q.pull()
	return NewPath(q.points, partial || cut), nil
}

// search runs A* and returns the goal, or the cell nearest to it that was reached.
func (q *gridQuery) search(start, goal int32) int32 {
	q.begin()
	nearest := candidate{left: q.estimate(start, goal), cell: start}
	q.cells[start] = gridCell{round: q.round, parent: -1}
	q.push(candidate{nearest.left, nearest.left, start})
	for expanded := 0; len(q.heap) > 0 && expanded < MaxExpand; {
		c := q.pop()
		if q.cells[c.cell].closed {
			continue // An older, dearer entry of a cell already looked at.
		}
		if c.cell == goal {
			return goal
		}
		q.cells[c.cell].closed = true
		expanded++
		if c.left < nearest.left {
			nearest = c
		}
		q.expand(c.cell, goal)
	}
	return nearest.cell
}

// begin forgets the marks of earlier queries.
func (q *gridQuery) begin() {
	q.heap = q.heap[:0]
	q.round++
	if q.round == 0 {
		clear(q.cells)
		q.round = 1
	}
}

// estimate is the cost to the goal over open ground.
func (q *gridQuery) estimate(from, to int32) int32 {
	w := q.grid.width
	dx, dz := abs(from%w-to%w), abs(from/w-to/w)
	return costStraight*(max(dx, dz)-min(dx, dz)) + costDiagonal*min(dx, dz)
}

// expand offers the eight neighbours; a diagonal step needs both cells beside it, so that no corner is cut.
func (q *gridQuery) expand(cell, goal int32) {
	g := q.grid
	x, z := cell%g.width, cell/g.width
	for dz := int32(-1); dz <= 1; dz++ {
		for dx := int32(-1); dx <= 1; dx++ {
			if dx == 0 && dz == 0 || !g.open(x+dx, z+dz) {
				continue
			}
			cost := int32(costStraight)
			if dx != 0 && dz != 0 {
				if !g.open(x+dx, z) || !g.open(x, z+dz) {
					continue
				}
				cost = costDiagonal
			}
			q.offer(cell, (z+dz)*g.width+x+dx, q.cells[cell].cost+cost, goal)
		}
	}
}

func (q *gridQuery) offer(parent, cell, cost, goal int32) {
	old := &q.cells[cell]
	if old.round == q.round && (old.closed || old.cost <= cost) {
		return
	}
	*old = gridCell{round: q.round, cost: cost, parent: parent}
	left := q.estimate(cell, goal)
	q.push(candidate{cost + left, left, cell})
}

func (q *gridQuery) push(c candidate) {
	q.heap = append(q.heap, c)
	i := len(q.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !c.before(q.heap[up]) {
			break
		}
		q.heap[i] = q.heap[up]
		i = up
	}
	q.heap[i] = c
}

func (q *gridQuery) pop() candidate {
	top := q.heap[0]
	last := len(q.heap) - 1
	c := q.heap[last]
	q.heap = q.heap[:last]
	i := 0
	for {
		down := 2*i + 1
		if down >= last {
			break
		}
		if down+1 < last && q.heap[down+1].before(q.heap[down]) {
			down++
		}
		if !q.heap[down].before(c) {
			break
		}
		q.heap[i] = q.heap[down]
		i = down
	}
	if last > 0 {
		q.heap[i] = c
	}
	return top
}

func abs(v int32) int32 { return max(v, -v) }
