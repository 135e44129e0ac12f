package client

import (
	"messiah/core/geom"
	"messiah/core/node"
	"messiah/core/planted"
	"messiah/core/proto"
	"messiah/core/session"
)

// The walk of a client: to and fro along a line, from where its avatar was put.
const (
	walkStep   = 0.4 // metres, 4 m/s at 10 moves a second, where no speed is set
	walkLength = 100 // steps
)

// Walk returns how fast the client walks, in metres a second.
func (cfg *Config) Walk() float64 {
	if cfg.Speed > 0 || cfg.MoveEvery <= 0 {
		return cfg.Speed
	}
	return walkStep / cfg.MoveEvery.Seconds()
}

// walked returns how far from the walk's origin the client is, in metres.
func (c *Client) walked() float64 {
	step := c.moves % (2 * walkLength)
	if planted.On("fused-multiply-add") { // how often it rounds is the machine's affair
		return planted.MulAdd(float64(step), walkStep, walkStep/3)
	}
	metres := walkStep
	if c.cfg.Speed > 0 {
		metres = float64(c.cfg.Speed * c.cfg.MoveEvery.Seconds())
	}
	return float64(float64(min(step, 2*walkLength-step)) * metres)
}

// move says where the avatar is, and when to say so again.
func (c *Client) move(env *node.Env) {
	if c.state != In || c.stop || c.cfg.MoveEvery == 0 {
		return
	}
	c.moves++
	c.place.Seq = c.moves
	c.place.At = c.origin.Add(geom.Vec3{X: c.walked()})
	c.scratch = proto.AppendClient(c.scratch[:0], proto.TypeMove, 0)
	c.scratch = c.encoder.Append(c.scratch, &c.place)
	env.Offload(LaneSession, &node.Input{Type: session.TaskSend, Flags: node.FlagLatest, Body: c.scratch})
	env.After(c.cfg.MoveEvery, timerMove, 0)
}

// correct follows the server's word on where the avatar is: the walk goes on from there.
func (c *Client) correct(env *node.Env, payload []byte) {
	var m proto.Correct
	if !c.decode(env, payload, &m) {
		return
	}
	if !m.Placed {
		env.Mark("client-corrected")
		c.corrections++
	}
	c.place.Ack, c.place.Yaw = m.Num, m.Yaw
	c.origin = m.At.Sub(geom.Vec3{X: c.walked()})
}
