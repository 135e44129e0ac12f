// Package record is the recording format of a node's inputs: what a driver told
// a host, and by its sums what the host asked for in turn, behind a snapshot of
// the state that it began with. A recording replays elsewhere to the same
// messages, without sockets, lanes, store or secret: each of them is a peer
// whose answers are recorded.
//
// Its lanes are not recorded, and so no key of a client session is; the messages
// that the sessions carried are, since they are inputs of the node.
package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"messiah/core/node"
	"messiah/core/wire"
)

// Head says whose recording it is.
type Head struct {
	Self     node.Peer
	Version  wire.Version
	Delivery node.Delivery
	Fence    bool
	Lanes    int
	Build    string
	Taken    int64  // nanoseconds since 1970
	Lost     uint64 // segments before the first one that is there; 0: the recording begins with the life
}

// Code reads or writes the head.
func (h *Head) Code(c *wire.Coder) {
	h.Self.Code(c)
	c.Struct(&h.Version)
	c.Uint8((*uint8)(&h.Delivery))
	c.Bool(&h.Fence)
	c.Int(&h.Lanes)
	c.String(&h.Build)
	c.Int64(&h.Taken)
	c.Uint64(&h.Lost)
}

// Segment is a state and what happened from there on.
type Segment struct {
	Snapshot []byte
	Events   []byte
}

// Recording is what a Recorder had when it was asked.
type Recording struct {
	Head     Head
	Segments []Segment // one or two, oldest first; each begins with the state that the one before led to
	Closing  []byte    // the state that the last one led to
}

// Bounds of a file.
const (
	// MaxFile bounds a recording's file, in bytes.
	MaxFile     = 1 << 30
	maxSegments = 2
	pieceBytes  = 1 << 20
	maxLanes    = 256
)

// magic begins every file; the digit is the format.
const magic = "messiah flight recording 1\n"

// magicWord is what all formats begin with.
const magicWord = "messiah flight recording "

// The frames of a file. Each payload begins with a CRC-32C of its type and of the rest.
const (
	frameHead     = 1 + iota
	frameSnapshot // a piece; the first one behind something else begins a segment
	frameEvents   // a piece
	frameClosing  // a piece
	frameEnd      // SHA-256 of all bytes before
)

const sumBytes = 4

// Append appends the recording's file to dst.
func (r *Recording) Append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = appendPiece(dst, frameHead, wire.Append(nil, &r.Head))
	for i := range r.Segments {
		dst = appendPieces(dst, frameSnapshot, r.Segments[i].Snapshot)
		dst = appendPieces(dst, frameEvents, r.Segments[i].Events)
	}
	dst = appendPieces(dst, frameClosing, r.Closing)
	sum := sha256.Sum256(dst[start:])
	return appendPiece(dst, frameEnd, sum[:])
}

// appendPieces writes bytes of any length; there is at least one piece.
func appendPieces(dst []byte, typ uint16, b []byte) []byte {
	for {
		n := min(len(b), pieceBytes)
		dst = appendPiece(dst, typ, b[:n])
		if b = b[n:]; len(b) == 0 {
			return dst
		}
	}
}

func appendPiece(dst []byte, typ uint16, b []byte) []byte {
	payload := binary.LittleEndian.AppendUint32(make([]byte, 0, sumBytes+len(b)), pieceSum(typ, b))
	return wire.AppendFrame(dst, typ, 0, nil, append(payload, b...))
}

func pieceSum(typ uint16, b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Update(0, table, []byte{byte(typ), byte(typ >> 8)}), table, b)
}

// ErrNotRecording says that bytes do not begin as a recording does.
var ErrNotRecording = errors.New("record: this is no flight recording; `messiah admin record ROLE` writes one")

// IsRecording tells whether a file that begins so is a recording, of whatever format.
func IsRecording(b []byte) bool { return bytes.HasPrefix(b, []byte(magicWord)) }

// Read reads a recording's file. What it returns shares no memory with b.
func Read(b []byte) (*Recording, error) {
	switch {
	case !IsRecording(b):
		return nil, ErrNotRecording
	case !bytes.HasPrefix(b, []byte(magic)):
		return nil, errors.New("record: the recording has a format that this build does not read; replay it with the build that wrote it")
	case len(b) > MaxFile:
		return nil, fmt.Errorf("record: a recording of %d bytes is larger than %d", len(b), MaxFile)
	}
	f := reader{all: b, at: len(magic)}
	for !f.ended {
		if err := f.next(); err != nil {
			return nil, err
		}
	}
	if f.at != len(b) {
		return nil, fmt.Errorf("record: %d bytes stand behind the end of the recording", len(b)-f.at)
	}
	return &f.rec, f.rec.check()
}

// reader is a file that is being read.
type reader struct {
	all   []byte
	at    int
	last  uint16 // the frame before
	ended bool
	rec   Recording
}

// next reads one frame.
func (f *reader) next() error {
	frame, rest, err := wire.Split(f.all[f.at:])
	switch {
	case errors.Is(err, wire.ErrTruncated):
		return fmt.Errorf("record: the recording ends after %d bytes without its last part: it was cut off; take it again", len(f.all))
	case err != nil || len(frame.Payload) < sumBytes || len(frame.Routes) != 0 || frame.Flags != 0:
		return f.damaged()
	}
	body := frame.Payload[sumBytes:]
	if binary.LittleEndian.Uint32(frame.Payload) != pieceSum(frame.Type, body) {
		return f.damaged()
	}
	if !f.take(frame.Type, body) {
		return f.damaged()
	}
	f.at, f.last = len(f.all)-len(rest), frame.Type
	return nil
}

func (f *reader) damaged() error {
	return fmt.Errorf("record: the recording is damaged at byte %d: what stands there does not match its checksum; take it again", f.at)
}

// take files one frame; false says that it does not belong there.
func (f *reader) take(typ uint16, body []byte) bool {
	if (typ == frameHead) != (f.last == 0) {
		return false
	}
	rec := &f.rec
	switch typ {
	case frameHead:
		return wire.Decode(body, &rec.Head) == nil
	case frameSnapshot:
		if f.last != frameSnapshot {
			if len(rec.Segments) == maxSegments || f.last == frameClosing {
				return false
			}
			rec.Segments = append(rec.Segments, Segment{})
		}
		last := &rec.Segments[len(rec.Segments)-1]
		last.Snapshot = append(last.Snapshot, body...)
		return len(last.Snapshot) <= MaxSnapshot
	case frameEvents:
		if f.last != frameSnapshot && f.last != frameEvents {
			return false
		}
		last := &rec.Segments[len(rec.Segments)-1]
		last.Events = append(last.Events, body...)
		return true
	case frameClosing:
		if f.last != frameEvents && f.last != frameClosing {
			return false
		}
		rec.Closing = append(rec.Closing, body...)
		return len(rec.Closing) <= MaxSnapshot
	case frameEnd:
		sum := sha256.Sum256(f.all[:f.at])
		f.ended = true
		return f.last == frameClosing && bytes.Equal(body, sum[:])
	}
	return false
}

// check tells what in a whole recording cannot be.
func (r *Recording) check() error {
	if r.Head.Lanes < 0 || r.Head.Lanes > maxLanes {
		return fmt.Errorf("record: a recording of a process with %d lanes", r.Head.Lanes)
	}
	var e Event
	for i := range r.Segments {
		for c := r.Segments[i].Read(); ; {
			ok, err := c.Next(&e)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
		}
	}
	return nil
}
