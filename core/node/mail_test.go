package node

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// drawInput draws an input whose fields a queue must carry.
func drawInput(t *rapid.T) Input {
	bytesUpTo := func(label string, most int) []byte {
		return rapid.SliceOfN(rapid.Byte(), 0, most).Draw(t, label)
	}
	return Input{
		Kind:    InputKind(rapid.IntRange(1, int(inputEnd)-1).Draw(t, "kind")),
		Type:    rapid.Uint16().Draw(t, "type"),
		Num:     rapid.Uint64().Draw(t, "num"),
		Session: Session(rapid.Uint64().Draw(t, "session")),
		Routes:  bytesUpTo("routes", 8),
		Body:    bytesUpTo("body", 40),
	}
}

func sameInput(a, b *Input) bool {
	return a.Kind == b.Kind && a.Flags == b.Flags && a.Lane == b.Lane && a.Type == b.Type && a.From == b.From &&
		a.Inc == b.Inc && a.Session == b.Session && a.Num == b.Num && a.Conn == b.Conn && a.Endpoint == b.Endpoint &&
		bytes.Equal(a.Routes, b.Routes) && bytes.Equal(a.Body, b.Body)
}

func copyInput(in *Input) Input {
	out := *in
	out.Routes, out.Body = bytes.Clone(in.Routes), bytes.Clone(in.Body)
	return out
}

// A Mail is a plain slice of copies, and what was popped can be read until Recycle.
func TestMailIsAQueueOfCopies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m Mail
		var model, shown []Input // what waits; what was popped since the last Recycle
		var views []*Input
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				in := drawInput(t)
				m.Push(&in)
				model = append(model, copyInput(&in))
				clear(in.Body) // the queue must not see it
			},
			"pushMany": func(t *rapid.T) {
				for i := range rapid.IntRange(1, 3*mailCompact).Draw(t, "count") {
					in := Input{Kind: InMessage, Num: uint64(i), Body: []byte{byte(i), byte(i >> 8)}}
					m.Push(&in)
					model = append(model, copyInput(&in))
				}
			},
			"pop": func(t *rapid.T) {
				for range rapid.IntRange(1, 2*mailCompact).Draw(t, "count") {
					in, ok := m.Pop()
					if ok != (len(model) > 0) {
						t.Fatalf("Pop says %v with %d waiting", ok, len(model))
					}
					if !ok {
						return
					}
					views, shown = append(views, in), append(shown, model[0])
					model = model[1:]
				}
			},
			"recycle": func(*rapid.T) {
				m.Recycle()
				views, shown = nil, nil
			},
			"reset": func(*rapid.T) {
				m.Reset()
				views, shown, model = nil, nil, nil
			},
			"": func(t *rapid.T) {
				if m.Len() != len(model) {
					t.Fatalf("Len() = %d, want %d", m.Len(), len(model))
				}
				for i := range views {
					if !sameInput(views[i], &shown[i]) {
						t.Fatalf("popped input %d changed before Recycle: %+v, want %+v", i, *views[i], shown[i])
					}
				}
				i := 0
				m.each(func(in *Input) {
					if !sameInput(in, &model[i]) {
						t.Fatalf("waiting input %d is %+v, want %+v", i, *in, model[i])
					}
					i++
				})
				if i != len(model) {
					t.Fatalf("each visited %d of %d", i, len(model))
				}
			},
		})
	})
}

// A queue that is never empty at a Recycle still gives the room of popped inputs back.
func TestMailThatIsNeverEmptyStaysBounded(t *testing.T) {
	var m Mail
	in := Input{Kind: InMessage, Body: make([]byte, 100)}
	for range 10 {
		m.Push(&in)
	}
	most := 0
	for range 50 * mailCompact {
		m.Push(&in)
		m.Pop()
		m.Recycle()
		most = max(most, m.Bytes())
	}
	if bound := 100 * (2*mailCompact + 20); most > bound {
		t.Errorf("ten inputs of 100 bytes held %d bytes, want at most %d", most, bound)
	}
}

func TestMailInSteadyStateAllocatesNothing(t *testing.T) {
	var m Mail
	in := Input{Kind: InMessage, Routes: make([]byte, 16), Body: make([]byte, 100)}
	turn := func() {
		for range 100 {
			m.Push(&in)
		}
		for {
			if _, ok := m.Pop(); !ok {
				break
			}
			m.Recycle()
		}
	}
	turn()
	if allocs := testing.AllocsPerRun(100, turn); allocs != 0 {
		t.Errorf("a turn of 100 inputs allocates %v times", allocs)
	}
}

// An emptied queue does not keep the room of its worst hour.
func TestMailGivesUnusualRoomBack(t *testing.T) {
	var m Mail
	for range mailKeepItems + 1 {
		m.Push(&Input{Kind: InMessage, Body: make([]byte, mailKeepBytes/mailKeepItems)})
	}
	m.Reset()
	if cap(m.arena) > mailKeepBytes || cap(m.items) > mailKeepItems {
		t.Errorf("an emptied queue keeps %d bytes and %d items", cap(m.arena), cap(m.items))
	}
}
