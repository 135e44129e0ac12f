package bots

import (
	"context"
	"fmt"
	"time"

	"messiah/core/client"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/session"
	"messiah/core/wire"
)

// of runs f on the goroutine of one bot, counted from 0, which must have been
// started and not have ended; false says that it is not so.
func (s *Swarm) of(number int, f func(*loop, *bot)) (ran bool) {
	l := s.loops[number%len(s.loops)]
	l.do(func() {
		if b := &l.bots[number/len(s.loops)]; b.host != nil && !b.ended {
			f(l, b)
			ran = true
		}
	})
	return ran
}

// Ask has one bot make a call beside those of its workload, and waits for its end.
// Args is one encoded value. An error says that the bot does not run, or that the
// context ended first.
func (s *Swarm) Ask(ctx context.Context, number int, method uint16, args []byte) (client.Answer, error) {
	key := s.asked.Add(1)
	body := wire.Append(nil, &proto.Ask{Key: key, Method: method, Args: args})
	s.of(number, func(l *loop, b *bot) {
		b.host.Deliver(&node.Input{Kind: node.InMessage, Type: proto.TypeAsk, Body: body})
		l.queue(b)
	})
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		st, runs := s.Status(number)
		for _, a := range st.Answers {
			if a.Key == key {
				return a, nil
			}
		}
		if !runs {
			return client.Answer{}, fmt.Errorf("bots: bot %d does not run", number)
		}
		select {
		case <-ctx.Done():
			return client.Answer{}, fmt.Errorf("bots: bot %d has no answer: %w", number, ctx.Err())
		case <-tick.C:
		}
	}
}

// Status returns what one bot has seen; false says that it does not run.
func (s *Swarm) Status(number int) (st client.Status, runs bool) {
	runs = s.of(number, func(_ *loop, b *bot) {
		st = b.client.Inspect()
		answers := make([]client.Answer, len(st.Answers))
		for i, a := range st.Answers {
			answers[i] = client.Answer{Key: a.Key, Num: a.Num, Outcome: a.Outcome, Result: append([]byte(nil), a.Result...)}
		}
		st.Answers = answers
	})
	return st, runs
}

// Drop breaks one bot's connection without a word to the gate; it comes back by itself.
func (s *Swarm) Drop(number int) bool {
	return s.of(number, func(l *loop, b *bot) {
		b.lane.Step(l.now, l.wall, &node.Input{Kind: node.InTask, Type: session.TaskAbort})
		l.closeSocket(b)
		l.queue(b)
	})
}
