package arq

// outbox makes datagrams of what the library puts out. The library may flush
// inside Input, at which time there is nobody to hand a datagram to: what comes
// then is held until the next Flush, and joined with what comes there, since a
// datagram is any sequence of whole segments.
type outbox struct {
	mtu    int
	bytes  []byte // the held datagrams and the one being filled
	ends   []int  // where the held ones end
	output func([]byte)
}

// open hands out what is held, except for the last datagram, which may still be filled.
func (o *outbox) open(output func([]byte)) {
	start := 0
	for _, end := range o.ends {
		output(o.bytes[start:end])
		start = end
	}
	o.bytes = append(o.bytes[:0], o.bytes[start:]...)
	o.ends, o.output = nil, output
}

// put appends whole segments, at most mtu bytes of them.
func (o *outbox) put(segments []byte) {
	start := 0
	if n := len(o.ends); n > 0 {
		start = o.ends[n-1]
	}
	if len(o.bytes) > start && len(o.bytes)-start+len(segments) > o.mtu {
		o.end()
	}
	o.bytes = append(o.bytes, segments...)
}

// end finishes the datagram being filled.
func (o *outbox) end() {
	if o.output == nil {
		o.ends = append(o.ends, len(o.bytes))
		return
	}
	o.output(o.bytes)
	o.bytes = o.bytes[:0]
}

// close hands out the last datagram, and gives back the room that a busy time left behind.
func (o *outbox) close() {
	if len(o.bytes) > 0 {
		o.end()
	}
	if cap(o.bytes) > 2*o.mtu {
		o.bytes = nil
	}
	o.output = nil
}
