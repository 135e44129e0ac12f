package bots

import (
	"context"
	"slices"
	"time"

	"messiah/core/client"
	"messiah/core/entity"
	"messiah/core/node"
	"messiah/core/wire"
)

// Do has the n-th bot, from 0, call a method of its avatar and waits for the
// outcome: the result, or the error that the client was told. A context that ends
// first is the error, and leaves open whether the call ran.
func Do[A, R any](ctx context.Context, s *Swarm, n int, m entity.Method[A, R], args A) (result R, err error) {
	ask := client.AskOf(s.cfg.RPC, s.asked.Add(1), m, args)
	in := node.Input{Kind: node.InMessage, Type: ask.Type(), Body: wire.Append(nil, &ask)}
	s.with(n, func(l *loop, b *bot) {
		b.host.Deliver(&in)
		l.queue(b)
	})
	var answer client.Answer
	err = s.seen(ctx, n, func(st client.Status) bool {
		i := slices.IndexFunc(st.Answers, func(a client.Answer) bool { return a.Key == ask.Key })
		if i >= 0 {
			answer = st.Answers[i]
		}
		return i >= 0
	})
	if err != nil {
		return result, err
	}
	return client.ResultOf(m, answer)
}

// Hears waits until what the n-th bot, from 0, was pushed by a name satisfies the
// condition; of all its pushes the latest client.MaxHeard are known. The error is the context's.
func Hears[A any](ctx context.Context, s *Swarm, n int, p entity.Push[A], is func(heard []A) bool) error {
	return s.seen(ctx, n, func(st client.Status) bool { return is(client.HeardOf(s.cfg.RPC, p, st)) })
}

// with runs f for the n-th bot on its loop's goroutine, if it has begun and not ended.
func (s *Swarm) with(n int, f func(*loop, *bot)) {
	l := s.loops[n%len(s.loops)]
	l.do(func() {
		if b := &l.bots[n/len(s.loops)]; b.host != nil && !b.ended {
			f(l, b)
		}
	})
}

// seen waits until what a bot has seen satisfies a condition.
func (s *Swarm) seen(ctx context.Context, n int, is func(client.Status) bool) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		so := false
		s.with(n, func(_ *loop, b *bot) { so = is(b.client.Inspect()) })
		if so {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
