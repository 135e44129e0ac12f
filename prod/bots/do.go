package bots

import (
	"context"
	"slices"

	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// Do has the n-th bot, from 0, call a method of its avatar and waits for the
// outcome: the result, or the error that the client was told, or why there is none.
// Where the context ended first that leaves open whether the call ran.
func Do[A, R any](ctx context.Context, s *Swarm, n int, m entity.Method[A, R], args A) (result R, err error) {
	ask := client.AskOf(s.cfg.RPC, 0, m, args) // Ask gives it a key
	answer, err := s.Ask(ctx, n, ask.Method, ask.Args)
	if err != nil {
		return result, err
	}
	return client.ResultOf(m, answer)
}

// DoAll has every bot that has its avatar call a method, and returns the results of those
// that were answered before the context ended.
func DoAll[A, R any](ctx context.Context, s *Swarm, m entity.Method[A, R], args A) []R {
	key := s.asked.Add(1)
	ask := client.AskOf(s.cfg.RPC, key, m, args)
	s.each(func(l *loop) {
		l.tell(&node.Input{Kind: node.InMessage, Type: proto.TypeAsk, Body: wire.Append(nil, &ask)})
	})
	var results []R
	poll(ctx, func() bool {
		var open int
		results, open = answersTo(s, key, m)
		return open == 0
	})
	return results
}

// answersTo returns what the bots were answered, and how many of those that run have no answer yet.
func answersTo[A, R any](s *Swarm, key uint64, m entity.Method[A, R]) (results []R, open int) {
	s.each(func(l *loop) {
		for i := range l.bots {
			b := &l.bots[i]
			if b.host == nil || b.ended {
				continue
			}
			answers := b.client.Inspect().Answers
			at := slices.IndexFunc(answers, func(a client.Answer) bool { return a.Key == key })
			if at < 0 {
				open++
			} else if r, err := client.ResultOf(m, answers[at]); err == nil {
				results = append(results, r)
			}
		}
	})
	return results, open
}

// Hears waits until what the n-th bot, from 0, was pushed by a name satisfies the
// condition; of all its pushes the latest client.MaxHeard are known. The error is the context's.
func Hears[A any](ctx context.Context, s *Swarm, n int, p entity.Push[A], is func(heard []A) bool) error {
	return s.seen(ctx, n, func(st client.Status) bool { return is(client.HeardOf(s.cfg.RPC, p, st)) })
}

// seen waits until what a bot has seen satisfies a condition.
func (s *Swarm) seen(ctx context.Context, n int, is func(client.Status) bool) error {
	so := false
	if poll(ctx, func() bool {
		s.of(n, func(_ *loop, b *bot) { so = is(b.client.Inspect()) })
		return so
	}) {
		return nil
	}
	return ctx.Err()
}
