package node

import (
	"bytes"
	"testing"

	"messiah/core/wire"
)

// echoLane answers each task, transmits its body and sleeps until Num.
type echoLane struct{ tasks uint64 }

func (l *echoLane) Step(env *LaneEnv, in *Input) {
	switch in.Kind {
	case InTask:
		l.tasks++
		env.Answer(&Input{Kind: InAnswer, Num: in.Num, Body: in.Body})
		env.SendFrame(Peer{NewID(Gate, 1), 7}, wire.AppendFrame(nil, FirstType, 0, nil, in.Body))
		env.Transmit(Endpoint{Port: 1}, in.Body)
		env.Transmit(Endpoint{Port: 2}, in.Body)
		env.WakeAt(Time(in.Num))
	case InWake:
		env.Mark("woken")
	}
}

func (l *echoLane) State(c *wire.Coder) { c.Uint64(&l.tasks) }

func TestLaneHost(t *testing.T) {
	marks := 0
	l := NewLaneHost(&echoLane{}, 2, entropyOf(1), func(string) { marks++ })
	if l.Wake() != Never {
		t.Errorf("a new lane wakes at %v", l.Wake())
	}
	body := []byte("work")
	l.Step(1, 1, &Input{Kind: InTask, Num: 50, Body: body})
	clear(body) // a lane that keeps bytes has copied them
	answer, _ := l.Answers().Pop()
	if answer.Kind != InAnswer || answer.Lane != 2 || answer.Num != 50 || string(answer.Body) != "work" {
		t.Errorf("the answer is %+v", *answer)
	}
	frame, _ := l.Answers().Pop()
	if f, _, err := wire.Split(frame.Body); frame.Kind != InToLink || err != nil || string(f.Payload) != "work" {
		t.Errorf("the frame is %+v, %v", *frame, err)
	}
	packets := l.Packets()
	if len(packets) != 2 || packets[1].Endpoint.Port != 2 || !bytes.Equal(packets[0].Bytes, []byte("work")) {
		t.Errorf("the packets are %+v", packets)
	}
	l.Sent()
	if len(l.Packets()) != 0 || l.Wake() != 50 {
		t.Errorf("%d packets after Sent, wake at %v", len(l.Packets()), l.Wake())
	}
	l.Step(50, 50, &Input{Kind: InWake})
	if l.Wake() != Never || marks != 1 {
		t.Errorf("after waking: wake at %v, %d marks", l.Wake(), marks)
	}
	other := NewLaneHost(&echoLane{}, 2, entropyOf(2), nil)
	state := wire.AppendState(nil, l.State)
	if err := wire.LoadState(state, other.State); err != nil {
		t.Fatal(err)
	}
	if again := wire.AppendState(nil, other.State); !bytes.Equal(again, state) || other.Lane().(*echoLane).tasks != 1 {
		t.Errorf("the loaded state is %x, want %x", again, state)
	}
}
