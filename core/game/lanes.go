package game

import (
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// Serial is the serialising lane: it packs what goes to clients and gates into
// frames and sends them straight to the outbox, in the order of its tasks.
type Serial struct {
	frame  []byte
	body   []byte
	routes [2]uint64
	named  []uint64
}

// NewSerial makes the lane.
func NewSerial() *Serial { return &Serial{} }

// Step packs one task.
func (s *Serial) Step(env *node.LaneEnv, in *node.Input) {
	if in.Kind != node.InTask {
		return
	}
	switch in.Type {
	case proto.TypeReply, proto.TypePush, proto.TypeCorrect:
		s.body = append(proto.AppendClient(s.body[:0], in.Type, in.Num), in.Body...)
		s.routes = [2]uint64{in.Conn, uint64(in.Session)}
		s.frame = wire.AppendFrame(s.frame[:0], proto.TypeToClient, in.Flags, s.routes[:], s.body)
	default:
		s.named = s.named[:0]
		for i := range in.NumRoutes() {
			s.named = append(s.named, in.Route(i))
		}
		s.frame = wire.AppendFrame(s.frame[:0], in.Type, 0, s.named, in.Body)
	}
	env.SendFrame(node.Peer{ID: in.From, Inc: in.Inc}, s.frame)
}

// State has nothing to read or write: the lane keeps nothing between tasks.
func (s *Serial) State(*wire.Coder) {}
