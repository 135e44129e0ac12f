package check

// Travels is what became of an avatar's journeys from game to game, and of the numbered
// letters that it wrote and took on the way.
type Travels struct {
	Journeys uint64 `json:"journeys"` // that ended on another game
	Stayed   uint64 `json:"stayed"`   // that ended where they began

	Written  uint64 `json:"written"`  // letters
	Answered uint64 `json:"answered"` // of these, the ones that ran
	Refused  uint64 `json:"refused"`  // that did not
	Unknown  uint64 `json:"unknown"`  // of which it is not known
	Lost     uint64 `json:"lost"`     // of which its writer was told nothing

	Taken     uint64 `json:"taken"`     // letters that came
	Doubled   uint64 `json:"doubled"`   // of these, the ones that had come before
	Reordered uint64 `json:"reordered"` // that came behind a later one
}

// Open returns how many letters have no outcome yet.
func (t *Travels) Open() uint64 { return t.Written - t.Answered - t.Refused - t.Unknown - t.Lost }

// Add adds what became of another's.
func (t *Travels) Add(u *Travels) {
	for _, pair := range [...][2]*uint64{
		{&t.Journeys, &u.Journeys}, {&t.Stayed, &u.Stayed},
		{&t.Written, &u.Written}, {&t.Answered, &u.Answered}, {&t.Refused, &u.Refused}, {&t.Unknown, &u.Unknown}, {&t.Lost, &u.Lost},
		{&t.Taken, &u.Taken}, {&t.Doubled, &u.Doubled}, {&t.Reordered, &u.Reordered},
	} {
		*pair[0] += *pair[1]
	}
}
