package session

import "github.com/klauspost/compress/s2"

// inflateRatio bounds how much longer than its packed form a batch may be. The
// sender keeps to it as well: what would pack better travels plain.
const inflateRatio = 64

// pack compresses a batch's content behind dst, if that makes it smaller.
func pack(dst, content []byte) ([]byte, bool) {
	start := len(dst)
	room := s2.MaxEncodedLen(len(content))
	if cap(dst)-start < room {
		dst = append(make([]byte, 0, start+room), dst...)
	}
	packed := s2.Encode(dst[start:start+room], content)
	if len(packed) >= len(content) || len(packed)*inflateRatio < len(content) {
		return dst[:start], false
	}
	return dst[:start+len(packed)], true
}

// unpack decompresses into room that buf lends. It looks at the claimed length
// before anything is allocated, and refuses more than a batch may hold.
func unpack(buf, packed []byte) (content []byte, ok bool) {
	n, err := s2.DecodedLen(packed)
	if err != nil || n > maxBatch || n > len(packed)*inflateRatio {
		return nil, false
	}
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	content, err = s2.Decode(buf[:cap(buf)], packed)
	return content, err == nil
}
