package client

import (
	"math"
	"time"

	"messiah/core/node"
	"messiah/core/ordered"
	"messiah/core/proto"
	"messiah/core/wire"
)

// greetAgain is after how long a greeting that failed is said again.
const greetAgain = 500 * time.Millisecond

// greetingKey is the key of the greeting among the calls that somebody had it make.
const greetingKey = math.MaxUint64

// Answer is how a call ended that somebody had the client make.
type Answer struct {
	Key     uint64
	Num     uint64 // of the call; 0 of one that was not made
	Outcome proto.Outcome
	Result  []byte // one encoded value; of a failed call, the words of the error
}

// Heard is what an Asked client was pushed.
type Heard struct {
	Method uint16 // by the table of RPC names
	Args   []byte // one encoded value
}

// MaxHeard bounds the pushes that are kept; the oldest goes first.
const MaxHeard = 64

// MaxAnswers bounds the answers that are kept; the oldest goes first.
const MaxAnswers = 64

// ask makes one call on the word of whoever runs the client. One that cannot be
// made now, without an avatar or at the bound, ends at once.
func (c *Client) ask(env *node.Env, body []byte) {
	var m proto.Ask
	if err := wire.Decode(body, &m); err != nil {
		env.Log(node.Error, "a bad ask", "error", err)
		return
	}
	if c.state != In {
		c.answered(Answer{Key: m.Key, Outcome: proto.OutcomeNoAvatar})
		return
	}
	n, ok := c.calls.Next()
	if !ok {
		c.answered(Answer{Key: m.Key, Outcome: proto.OutcomeFull})
		return
	}
	c.asks[n] = m.Key
	c.send(env, n, &proto.Call{Method: m.Method, Args: m.Args})
}

func (c *Client) answered(a Answer) {
	c.answers = append(c.answers, a)
	if len(c.answers) > MaxAnswers {
		c.answers = c.answers[1:]
	}
}

// greet makes the call that each avatar is to hear.
func (c *Client) greet(env *node.Env) {
	if c.cfg.Greeting == nil || c.state != In || c.stop {
		return
	}
	n, ok := c.calls.Next()
	if !ok {
		env.After(greetAgain, timerGreet, 0)
		return
	}
	c.asks[n] = greetingKey
	c.send(env, n, &proto.Call{Method: c.cfg.Greeting.Method, Args: c.cfg.Greeting.Args})
}

// asksUnknown ends the calls behind a number and up to another that somebody had the client make: whether they ran is not known.
func (c *Client) asksUnknown(after, most uint64) {
	for _, n := range ordered.Keys(c.asks) {
		if n > after && n <= most {
			c.answered(Answer{Key: c.asks[n], Outcome: proto.OutcomeUnknown})
			delete(c.asks, n)
		}
	}
}

// Code reads or writes the answer.
func (a *Answer) Code(w *wire.Coder) {
	w.Uint64(&a.Key)
	w.Uint64(&a.Num)
	w.Uint8((*uint8)(&a.Outcome))
	w.Bytes(&a.Result)
}

// Code reads or writes the push.
func (h *Heard) Code(w *wire.Coder) {
	w.Uint16(&h.Method)
	w.Bytes(&h.Args)
}
