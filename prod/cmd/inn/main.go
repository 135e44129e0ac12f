// Command inn runs the game of the tutorial, scenarios/inn, as a cluster over real sockets
// until it is interrupted. It takes no flags; state and keys are under run/ where it is started.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"

	"messiah/prod/cluster"
	"messiah/prod/config"
	"messiah/scenarios/inn"
)

func main() {
	flag.Parse() // there are none, and whoever asks for help gets no cluster
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	site, err := cluster.Open(config.Default(), cluster.Title{Script: inn.Script}, slog.Default())
	if err == nil {
		err = site.Serve(ctx, func(w *cluster.Whole) { fmt.Println("the inn is open at", w.Clients("kcp")) })
	}
	if err != nil {
		slog.Error("the inn is closed", "error", err)
		os.Exit(1)
	}
}
