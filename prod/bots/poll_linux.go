package bots

import (
	"time"

	"golang.org/x/sys/unix"
)

// poller is one epoll instance with the sockets of one loop, and a bell that other goroutines ring.
type poller struct {
	fd     int
	bell   int
	events [512]unix.EpollEvent
}

const bellIndex = -1

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	bell, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	p := &poller{fd: fd, bell: bell}
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, bell, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: bellIndex}); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// close gives the poller back; no goroutine may ring any more.
func (p *poller) close() {
	unix.Close(p.bell)
	unix.Close(p.fd)
}

func interest(writes bool) uint32 {
	if writes {
		return unix.EPOLLIN | unix.EPOLLOUT
	}
	return unix.EPOLLIN
}

// add watches a socket of the bot with the index.
func (p *poller) add(fd, index int, writes bool) error {
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: interest(writes), Fd: int32(index)})
}

// change watches for room to write, or no longer.
func (p *poller) change(fd, index int, writes bool) {
	_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: interest(writes), Fd: int32(index)})
}

// ring makes wait return; any goroutine may.
func (p *poller) ring() {
	one := [8]byte{1}
	_, _ = unix.Write(p.bell, one[:]) // a full bell has rung already
}

// wait returns what happened, or nothing after the longest wait or a ring.
// Longer than it the system may let it be by a millisecond.
func (p *poller) wait(longest time.Duration) []unix.EpollEvent {
	ms := int((longest + time.Millisecond - 1) / time.Millisecond)
	n, err := unix.EpollWait(p.fd, p.events[:], ms)
	if err != nil {
		return nil // interrupted
	}
	return p.events[:n]
}

// hush takes the rings that were heard.
func (p *poller) hush() {
	var b [8]byte
	_, _ = unix.Read(p.bell, b[:])
}
