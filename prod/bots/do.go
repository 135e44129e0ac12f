package bots

import (
	"context"
	"time"

	"messiah/core/client"
	"messiah/core/entity"
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

// Hears waits until what the n-th bot, from 0, was pushed by a name satisfies the
// condition; of all its pushes the latest client.MaxHeard are known. The error is the context's.
func Hears[A any](ctx context.Context, s *Swarm, n int, p entity.Push[A], is func(heard []A) bool) error {
	return s.seen(ctx, n, func(st client.Status) bool { return is(client.HeardOf(s.cfg.RPC, p, st)) })
}

// seen waits until what a bot has seen satisfies a condition.
func (s *Swarm) seen(ctx context.Context, n int, is func(client.Status) bool) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		so := false
		s.of(n, func(_ *loop, b *bot) { so = is(b.client.Inspect()) })
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
