// Command messiah-bench measures a cluster of separate processes over real
// sockets on loopback, and prints each figure beside its goal. It needs the
// messiah binary and Linux's /proc for processor times.
//
//	messiah-bench --messiah bin/messiah --for 10s
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

// measurement is one row of the table.
type measurement struct {
	what, goal, got string
}

func main() {
	messiah := flag.String("messiah", "bin/messiah", "the messiah binary")
	span := flag.Duration("for", 10*time.Second, "how long each load lasts")
	starts := flag.Int("starts", 50, "how many starts of a cluster are measured")
	flag.Usage = func() {
		fmt.Fprintf(os.Stderr, "Measures a cluster of separate processes on loopback.\n\nExample: messiah-bench --messiah bin/messiah --for 10s\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "messiah-bench: unknown argument %q\n", flag.Arg(0))
		os.Exit(5)
	}
	rows, err := measure(*messiah, *span, *starts)
	fmt.Printf("\n| what (%d processors, sealing on, clients on the same machine) | goal | here |\n|---|---|---|\n", runtime.NumCPU())
	for _, r := range rows {
		fmt.Printf("| %s | %s | %s |\n", r.what, r.goal, r.got)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "messiah-bench:", err)
		os.Exit(1)
	}
}

func measure(messiah string, span time.Duration, starts int) ([]measurement, error) {
	rows, err := measureStarts(messiah, starts)
	if err != nil {
		return rows, err
	}
	c, err := begin(messiah)
	if err != nil {
		return rows, err
	}
	defer c.end()
	for _, l := range loads() {
		fmt.Fprintf(os.Stderr, "%s …\n", l.what)
		row, err := c.load(l, span)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// measureStarts starts and stops clusters of four processes, from the first exec
// until the gate lets players in.
func measureStarts(messiah string, n int) ([]measurement, error) {
	var took []time.Duration
	for i := range n {
		fmt.Fprintf(os.Stderr, "\rstart %d of %d ", i+1, n)
		c, err := begin(messiah)
		if err != nil {
			return nil, err
		}
		took = append(took, c.took)
		c.end()
	}
	fmt.Fprintln(os.Stderr)
	if len(took) == 0 {
		return nil, nil
	}
	slices.Sort(took)
	return []measurement{{
		fmt.Sprintf("start of four processes until logins are admitted, %d times: median, worst", n), "≤ 100 ms, ≤ 150 ms",
		fmt.Sprintf("%d ms, %d ms", took[len(took)/2].Milliseconds(), took[len(took)-1].Milliseconds()),
	}}, nil
}

// load is one run of bots against the cluster.
type load struct {
	what, goal string
	args       []string
}

func loads() []load {
	return []load{
		{"echo, 1 client, KCP, a call each ms", "p50 ≤ 0.5 ms", []string{"--transport", "kcp", "--clients", "1", "--every", "1ms", "--outstanding", "1"}},
		{"echo, 1 client, TCP, a call each ms", "p50 ≤ 0.5 ms", []string{"--transport", "tcp", "--clients", "1", "--every", "1ms", "--outstanding", "1"}},
		{"echo, 100 clients, TCP, 1 outstanding each", "≥ 30 k/s, p99 ≤ 10 ms", []string{"--transport", "tcp", "--clients", "100", "--outstanding", "1"}},
		{"echo, 200 clients, TCP, 20 outstanding each", "≥ 130 k/s, p99 ≤ 35 ms, ≤ 4.5 µs of server processor each", []string{"--transport", "tcp", "--clients", "200", "--outstanding", "20"}},
		{"echo, 1,000 clients, KCP, 20/s each, 100 B", "p99 ≤ 15 ms, ≤ 10 µs of server processor each", []string{"--transport", "kcp", "--clients", "1000", "--every", "50ms", "--payload", "92"}},
	}
}
