package choice

import "slices"

// blend takes some purposes' streams from one source and the others from another.
type blend struct {
	list     *Replayer
	noise    Source
	purposes []string
}

// Blend returns the source that decides what a list says; where the list is
// silent, the streams of the purposes named are the noise's, and all others 0.
func Blend(list *Replayer, noise Source, purposes []string) Source {
	return &blend{list, noise, purposes}
}

func (b *blend) Stream(purpose string, id uint64) Stream {
	listed := b.list.Stream(purpose, id)
	if !slices.Contains(b.purposes, purpose) {
		return listed
	}
	return &blended{listed.(*replayed), b.noise.Stream(purpose, id)}
}

type blended struct {
	list  *replayed
	noise Stream
}

// Choose draws the noise for each decision, so that a listed one does not move those after it.
func (s *blended) Choose(label string, n int) int {
	v := s.noise.Choose(label, n)
	if !s.list.next() {
		s.list.index++
		return v
	}
	return s.list.Choose(label, n)
}

func (s *blended) Happens(label string, perMillion int) bool {
	v := Chance(s.noise, label, perMillion)
	if !s.list.next() {
		s.list.index++
		return v
	}
	return s.list.Choose(label, 2) == 1
}

// next tells whether the next decision is listed.
func (s *replayed) next() bool { return len(s.left) > 0 && s.left[0].Index == s.index }
