package game

import (
	"encoding/binary"
	"testing"

	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/rpc"
	"messiah/core/schema"
	"messiah/core/wire"
)

const (
	fighters entity.Kind[*fighter]            = "fighter"
	hit      entity.Method[blow, entity.None] = "hit"
)

type fighter struct {
	entity.AvatarAreaEntity
	sum uint64 `entity:"transient"`
}

// blow is an argument of fixed size.
type blow struct {
	Skill, Target uint64
	X, Y          float32
}

func (f *fighter) hit(_ *entity.Call, b blow) (entity.None, error) {
	f.sum += b.Skill
	return entity.None{}, nil
}

// ring is a game with one avatar whose client calls.
type ring struct {
	*Game
	turn  func(env *node.Env)
	host  *node.Host
	value *fighter
	call  node.Input
}

// Step runs the turn of a test, beside what the game does.
func (r *ring) Step(env *node.Env, in *node.Input) {
	if in.Kind == node.InAnswer {
		r.turn(env)
	}
}

func (r *ring) do(f func(env *node.Env)) {
	r.turn = f
	r.host.Begin(0, 0)
	r.host.Deliver(&node.Input{Kind: node.InAnswer})
	for {
		in, ok := r.host.Step()
		if !ok {
			break
		}
		r.host.Settle(in)
	}
	r.host.Finish()
}

func newRing(tb testing.TB) *ring {
	r := &ring{}
	r.Game = New(Config{Contain: true}, Script{
		Classes: []*entity.Class{entity.Define(fighters, entity.Handle(hit, (*fighter).hit, entity.OwnClient))},
		Table:   rpc.Build([]string{"hit"}), Avatar: string(fighters),
	})
	r.host = node.NewHost(node.Config{Self: node.NewID(node.Game, 1), Secret: []byte("secret"), Lanes: 2}, r, make([]byte, node.EntropySize))
	s := seat{Gate: node.Peer{ID: node.NewID(node.Gate, 1), Inc: 7}, Route: 9}
	r.do(func(env *node.Env) {
		resident, err := r.world.Make(env, string(fighters), entity.Birth{Incarnation: 1, Account: "ann"})
		if err != nil {
			tb.Fatal(err)
		}
		r.world.Wake(env, resident)
		r.value = resident.Entity().(*fighter)
		t := &tenant{state: live, id: resident.ID(), client: s, resident: resident}
		r.seats[s], r.of[resident] = t, t
	})
	number, _ := r.script.Table.Number(string(hit))
	var e wire.Encoder
	b := blow{1, 2, 3, 4}
	args := schema.MustFor[blow]().Append(&e, nil, &b)
	r.call = node.Input{
		Kind: node.InMessage, Type: proto.TypeClientCall, From: s.Gate.ID, Inc: s.Gate.Inc,
		Routes: binary.LittleEndian.AppendUint64(nil, s.Route),
		Body:   wire.Append(proto.AppendClient(nil, proto.TypeCall, 1), &proto.Call{Method: number, Args: args}),
	}
	return r
}

// run handles the client's call and throws away what it hands to the lane.
func (r *ring) run(env *node.Env) {
	r.Game.Step(env, &r.call)
	for tasks := r.host.Tasks(LaneSerial); ; {
		if _, left := tasks.Pop(); !left {
			tasks.Recycle()
			return
		}
	}
}

// A client's call from the frame's payload through its method to the reply at the lane.
func BenchmarkClientCall(b *testing.B) {
	r := newRing(b)
	r.do(func(env *node.Env) {
		b.ReportAllocs()
		for b.Loop() {
			r.run(env)
		}
	})
	if r.value.sum == 0 {
		b.Fatal("no method ran")
	}
}

func TestAClientCallAllocatesNothing(t *testing.T) {
	r := newRing(t)
	r.do(func(env *node.Env) {
		if n := testing.AllocsPerRun(1000, func() { r.run(env) }); n > 0 {
			t.Errorf("%v allocations", n)
		}
	})
	if r.value.sum != 1001 {
		t.Errorf("%d calls ran", r.value.sum)
	}
}

// The reply's share of BenchmarkClientCall.
func BenchmarkReply(b *testing.B) {
	r := newRing(b)
	s := seat{Gate: node.Peer{ID: r.call.From, Inc: r.call.Inc}, Route: 9}
	r.do(func(env *node.Env) {
		b.ReportAllocs()
		for b.Loop() {
			r.reply(env, s, 1, proto.OutcomeOK, nil)
			tasks := r.host.Tasks(LaneSerial)
			tasks.Pop()
			tasks.Recycle()
		}
	})
}
