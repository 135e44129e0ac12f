//go:build !linux

package bots

import (
	"errors"
	"time"
)

// errSystem says that bots are driven by epoll, which this system does not have.
var errSystem = errors.New("bots: this system is not supported: bots run on Linux")

// socket is nothing here.
type socket struct{}

// poller is nothing here.
type poller struct{}

// event is nothing here.
type event struct {
	Fd     int32
	Events uint32
}

const bellIndex = -1

func newPoller() (*poller, error) { return nil, errSystem }

func (*poller) close()                     {}
func (*poller) ring()                      {}
func (*poller) hush()                      {}
func (*poller) wait(time.Duration) []event { return nil }

func (*loop) transmit(*bot)      {}
func (*loop) closeSocket(*bot)   {}
func (*loop) event(*bot, uint32) {}
