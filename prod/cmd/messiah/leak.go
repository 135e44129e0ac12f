package main

import (
	"runtime"
	"strings"
	"time"
)

// goneWithin bounds how long goroutines may take to end after what they worked for has ended.
const goneWithin = 2 * time.Second

// goroutinesLeft returns the stacks of goroutines of this project that are
// still there, the caller's aside, once they have had time to end.
func goroutinesLeft() []string {
	deadline := time.Now().Add(goneWithin)
	for {
		left := ours()
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(time.Millisecond)
	}
}

func ours() []string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var left []string
	for i, stack := range strings.Split(string(buf), "\n\n") {
		// The first is the goroutine that asks.
		if i > 0 && strings.Contains(stack, "messiah/") {
			left = append(left, stack)
		}
	}
	return left
}
