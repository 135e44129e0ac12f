package wire

import (
	"iter"
	"slices"
	"testing"
)

// queue is a map in the order in which its keys came.
type queue struct {
	keys   []string
	values []uint64
}

func (q *queue) All() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for i, k := range q.keys {
			if !yield(k, q.values[i]) {
				return
			}
		}
	}
}

func (q *queue) Set(k string, v uint64) { q.keys, q.values = append(q.keys, k), append(q.values, v) }

// Code reads or writes the queue.
func (q *queue) Code(c *Coder) {
	Ordered(c, q, func(c *Coder, k *string, v *uint64) {
		c.String(k)
		c.Uint64(v)
	})
}

func TestAnOrderedMapKeepsItsOrder(t *testing.T) {
	q := queue{[]string{"c", "a", "b"}, []uint64{1, 2, 3}}
	var back queue
	if err := Decode(Append(nil, &q), &back); err != nil || !slices.Equal(q.keys, back.keys) || !slices.Equal(q.values, back.values) {
		t.Errorf("%+v came back as %+v: %v", q, back, err)
	}
}
