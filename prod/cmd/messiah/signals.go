package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// onePress is how long after a signal another one is taken for the same: a
// wrapper that signals the process and its group makes two of one key press.
const onePress = 250 * time.Millisecond

// interrupted returns a context that ends with the first Ctrl-C or SIGTERM; the
// second ends the process at once. The function gives the signals back.
func interrupted(to streams) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var first time.Time
		for {
			select {
			case <-quit:
				return
			case <-signals:
				switch {
				case first.IsZero():
					first = time.Now()
					cancel()
				case time.Since(first) > onePress:
					fmt.Fprintln(to.err, "messiah: interrupted again: ends at once")
					os.Exit(exitFailed)
				}
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
		close(quit)
		<-ended
	}
}
