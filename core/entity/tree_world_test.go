package entity

import (
	"pgregory.net/rapid"
)

// hero has properties of every shape.
type hero struct {
	Name   Value[string]                                           `entity:"all,saved,index"`
	Gold   Value[int64]                                            `entity:"own,saved,index"`
	At     Value[spot]                                             `entity:"all"`
	Bag    CustomMap[string, int64]                                `entity:"own,saved"`
	Seen   CustomMap[int16, []byte]                                `entity:"server"`
	Marks  CustomList[string]                                      `entity:"saved"`
	Quests CustomList[*quest]                                      `entity:"saved"`
	School CustomMap[string, *class]                               `entity:"all,saved"`
	Grid   CustomList[*CustomList[int8]]                           `entity:"all"`
	Deep   CustomMap[uint64, *CustomMap[string, *CustomList[tag]]] `entity:"saved"`
	near   int                                                     `entity:"transient"`
}

var _ = hero{}.near

type spot struct{ X, Y float64 }
type tag string

type class struct {
	Number Value[int32]
	Pupils CustomList[*quest]
}

// quest holds further quests.
type quest struct {
	Name  Value[string]
	Steps CustomMap[string, bool]
	Kids  CustomList[*quest]
}

// gambler changes random parts of a hero, and of nodes that were taken out of it.
type gambler struct {
	t    *rapid.T
	lost []*quest
}

func (g *gambler) n(most int) int { return rapid.IntRange(0, most).Draw(g.t, "n") }
func (g *gambler) text() string {
	return rapid.SampledFrom([]string{"", "a", "b", "c", "long text of a name"}).Draw(g.t, "text")
}
func (g *gambler) int8() int8 { return rapid.Int8().Draw(g.t, "int8") }
func (g *gambler) fill(q *quest, deep int) {
	if g.n(1) == 0 {
		q.Name.Set(g.text())
	}
	if g.n(2) == 0 {
		q.Steps.Set(g.text(), true)
	}
	if deep < 3 && g.n(2) == 0 {
		q.Kids.Append(g.quest(deep + 1))
	}
}

// quest returns a new quest, or one that was lost before.
func (g *gambler) quest(deep int) *quest {
	if n := len(g.lost); n > 0 && g.n(2) == 0 {
		q := g.lost[n-1]
		g.lost = g.lost[:n-1]
		return q
	}
	q := &quest{}
	g.fill(q, deep)
	return q
}

// lose keeps nodes that were taken out, to change them there or put them back.
func (g *gambler) lose(q *quest) { g.lost = append(g.lost, q) }

func (g *gambler) change(h *hero) {
	switch g.n(11) {
	case 0:
		h.Name.Set(g.text())
	case 1:
		h.Gold.Set(int64(g.n(300)))
	case 2:
		h.At.Set(spot{float64(g.n(2)), 1})
	case 3:
		gambleMap(g, &h.Bag, g.text(), func() int64 { return int64(g.n(1000)) }, nil, nil)
	case 4:
		gambleMap(g, &h.Seen, int16(g.n(3)-1), func() []byte { return []byte(g.text()) }, nil, nil)
	case 5:
		gambleList(g, &h.Marks, g.text, nil, nil)
	case 6, 7:
		gambleList(g, &h.Quests, func() *quest { return g.quest(0) }, g.changeQuest, g.lose)
	case 8:
		gambleMap(g, &h.School, g.text(), g.class, g.changeClass, nil)
	case 9:
		gambleList(g, &h.Grid, func() *CustomList[int8] { return &CustomList[int8]{} }, func(l *CustomList[int8]) {
			gambleList(g, l, g.int8, nil, nil)
		}, nil)
	case 10:
		g.changeDeep(&h.Deep)
	case 11:
		if len(g.lost) > 0 {
			g.changeQuest(g.lost[g.n(len(g.lost)-1)])
		}
	}
}

func (g *gambler) class() *class {
	c := &class{}
	c.Number.Set(int32(g.n(3)))
	if g.n(1) == 0 {
		c.Pupils.Append(g.quest(0))
	}
	return c
}

func (g *gambler) changeClass(c *class) {
	if g.n(1) == 0 {
		c.Number.Set(int32(g.n(100000)))
		return
	}
	gambleList(g, &c.Pupils, func() *quest { return g.quest(0) }, g.changeQuest, g.lose)
}

func (g *gambler) changeQuest(q *quest) {
	switch g.n(4) {
	case 0:
		q.Name.Set(g.text())
	case 1:
		gambleMap(g, &q.Steps, g.text(), func() bool { return g.n(1) == 0 }, nil, nil)
	default:
		if q.Kids.link.depth < 12 {
			gambleList(g, &q.Kids, func() *quest { return &quest{} }, g.changeQuest, g.lose)
		}
	}
}

func (g *gambler) changeDeep(m *CustomMap[uint64, *CustomMap[string, *CustomList[tag]]]) {
	type inner = CustomMap[string, *CustomList[tag]]
	gambleMap(g, m, uint64(g.n(2)), func() *inner { return &inner{} }, func(m *inner) {
		gambleMap(g, m, g.text(), func() *CustomList[tag] { return &CustomList[tag]{} }, func(l *CustomList[tag]) {
			gambleList(g, l, func() tag { return tag(g.text()) }, nil, nil)
		}, nil)
	}, nil)
}

func gambleMap[K Key, V any](g *gambler, m *CustomMap[K, V], key K, value func() V, change func(V), lose func(V)) {
	old, there := m.Get(key)
	switch op := g.n(9); {
	case op < 6 && there && change != nil:
		change(old)
	case op < 7:
		m.Set(key, value())
		if there && lose != nil {
			lose(old)
		}
	case op < 9:
		m.Delete(key)
		if there && lose != nil {
			lose(old)
		}
	default:
		m.Clear()
	}
}

func gambleList[V any](g *gambler, l *CustomList[V], value func() V, change, lose func(V)) {
	if l.Len() == 0 {
		l.Append(value())
		return
	}
	i := g.n(l.Len() - 1)
	old := l.At(i)
	switch op := g.n(12); {
	case op < 4 && change != nil:
		change(old)
	case op < 6:
		l.Set(i, value())
		if lose != nil {
			lose(old)
		}
	case op < 8:
		l.Insert(g.n(l.Len()), value())
	case op < 9:
		l.Append(value())
	case op < 12:
		l.Remove(i)
		if lose != nil {
			lose(old)
		}
	default:
		l.Clear()
	}
}
