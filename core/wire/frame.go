package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Limits of a frame. Writing one over them is our bug and panics; reading one
// fails, and its connection is not to be read on.
const (
	// MaxFrame bounds a frame in bytes, its length prefix not counted: as much
	// as a link keeps for its peer. What may be larger is sent in chunks.
	MaxFrame = 32 << 20
	// MaxRoutes bounds the destinations in a routing header: more than a gate has clients.
	MaxRoutes = 1 << 17
)

// A frame is, in little-endian order: u32 length of what follows, u16 type, u8
// flags, u24 count of routes, that many u64 routes, payload.
const (
	prefixSize = 4
	headerSize = 2 + 1 + 3
)

// Errors of Split, to be told apart with errors.Is.
var (
	// ErrTruncated says that the frame's end is not there yet: more bytes may complete it.
	ErrTruncated = errors.New("wire: frame is not complete")
	// ErrOversize says that a frame is over MaxFrame.
	ErrOversize = errors.New("wire: frame is over the limit")
	// ErrBadFrame says that a frame is too short for its own header.
	ErrBadFrame = errors.New("wire: frame is malformed")
)

// Frame is a message on a link, its payload not decoded. Routes, eight bytes
// each, and Payload are views of the bytes that it was split from.
type Frame struct {
	Type    uint16
	Flags   uint8
	Routes  []byte
	Payload []byte
}

// NumRoutes returns how many destinations the routing header names.
func (f *Frame) NumRoutes() int { return len(f.Routes) / 8 }

// Route returns the i-th destination of the routing header.
func (f *Frame) Route(i int) uint64 { return binary.LittleEndian.Uint64(f.Routes[8*i:]) }

// AppendFrame appends one frame to dst and returns the longer slice.
func AppendFrame(dst []byte, typ uint16, flags uint8, routes []uint64, payload []byte) []byte {
	size := headerSize + 8*len(routes) + len(payload)
	if len(routes) > MaxRoutes {
		panic(fmt.Sprintf("wire: routing header of %d destinations is over the limit of %d", len(routes), MaxRoutes))
	}
	if size > MaxFrame {
		panic(oversizeText(size))
	}
	n := len(routes)
	dst = append(dst,
		byte(size), byte(size>>8), byte(size>>16), byte(size>>24),
		byte(typ), byte(typ>>8), flags, byte(n), byte(n>>8), byte(n>>16))
	for _, r := range routes {
		dst = binary.LittleEndian.AppendUint64(dst, r)
	}
	return append(dst, payload...)
}

// Split takes the first frame off b. Its error is ErrTruncated, or wraps
// ErrOversize or ErrBadFrame; then rest is b.
func Split(b []byte) (f Frame, rest []byte, err error) {
	size, err := frameSize(b)
	if err != nil {
		return Frame{}, b, err
	}
	if len(b)-prefixSize < size {
		return Frame{}, b, ErrTruncated
	}
	body := b[prefixSize : prefixSize+size : prefixSize+size]
	routes := 8 * (int(body[3]) | int(body[4])<<8 | int(body[5])<<16)
	if routes > 8*MaxRoutes || routes > size-headerSize {
		return Frame{}, b, badFrame("a routing header of %d bytes in a frame of %d", routes, size)
	}
	end := headerSize + routes
	return Frame{
		Type: binary.LittleEndian.Uint16(body), Flags: body[2],
		Routes: body[headerSize:end:end], Payload: body[end:],
	}, b[prefixSize+size:], nil
}

// Whole returns how many bytes at the start of b are whole frames, for a reader
// of a stream. It fails as Split does, but for a last frame that is incomplete;
// what stands inside the frames it leaves to Split.
func Whole(b []byte) (int, error) {
	at := 0
	for len(b)-at >= prefixSize {
		size, err := frameSize(b[at:])
		if err != nil {
			return at, err
		}
		if len(b)-at-prefixSize < size {
			break
		}
		at += prefixSize + size
	}
	return at, nil
}

// frameSize reads the length prefix.
func frameSize(b []byte) (int, error) {
	if len(b) < prefixSize {
		return 0, ErrTruncated
	}
	size := binary.LittleEndian.Uint32(b)
	switch {
	case size > MaxFrame:
		return 0, oversize{size}
	case size < headerSize:
		return 0, badFrame("%d bytes hold no header of %d", size, headerSize)
	}
	return int(size), nil
}

// oversize is ErrOversize with the size that was claimed.
type oversize struct{ size uint32 }

func (e oversize) Error() string { return oversizeText(int(e.size)) }

func (oversize) Is(target error) bool { return target == ErrOversize }

func oversizeText(size int) string {
	return fmt.Sprintf("wire: frame of %d bytes is over the limit of %d", size, MaxFrame)
}

func badFrame(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBadFrame, fmt.Sprintf(format, args...))
}
