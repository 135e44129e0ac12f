package netsim

import (
	"strconv"
	"strings"
	"time"
)

// A link with a stated loss is called lossy:N, N being percent, as in lossy:5.
const (
	lossyPrefix = "lossy:"
	mostLossy   = 50 // above it a link is no link
)

// Lossy is a wide-area link of 50 ms there and back that loses so many percent,
// 0 to 50, of what is sent, evenly and alike for a stream and for datagrams. Its
// name says how many.
func Lossy(percent int) Profile {
	return Profile{
		Name: lossyPrefix + strconv.Itoa(percent), Latency: 25 * time.Millisecond, Jitter: time.Millisecond,
		Loss: percent * Million / 100,
	}
}

// lossyNamed reads the name that Lossy gives.
func lossyNamed(name string) (Profile, bool) {
	text, ok := strings.CutPrefix(name, lossyPrefix)
	if !ok {
		return Profile{}, false
	}
	percent, err := strconv.Atoi(text)
	if err != nil || percent < 0 || percent > mostLossy {
		return Profile{}, false
	}
	p := Lossy(percent)
	return p, p.Name == name // "lossy:05" is no name
}
