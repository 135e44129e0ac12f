package wire

// Version is what a peer says of itself in a handshake.
type Version struct {
	ProtoMin uint16 // the protocols that it speaks, from
	ProtoMax uint16 // to, both included
	Schema   uint32 // grows with each change of names and fields
	Digest   uint64 // of the names that it knows, and their numbers
}

// Code reads or writes the version as four fields.
func (v *Version) Code(c *Coder) {
	c.Uint16(&v.ProtoMin)
	c.Uint16(&v.ProtoMax)
	c.Uint32(&v.Schema)
	c.Uint64(&v.Digest)
}

// Verdict is whether two versions understand each other.
type Verdict uint8

// The verdicts.
const (
	Refused    Verdict = iota // no protocol in common
	Compatible                // a protocol in common; names or optional fields differ
	Equal                     // the same schema
)

// String returns the verdict's name.
func (v Verdict) String() string {
	switch v {
	case Refused:
		return "refused"
	case Compatible:
		return "compatible"
	case Equal:
		return "equal"
	}
	return "verdict?"
}

// Side is one of the two versions that were compared.
type Side uint8

// The sides.
const (
	Neither Side = iota
	First        // ours: the side that answers the handshake
	Second       // theirs: the side that asked for it
)

// String returns the side as it is told to people.
func (s Side) String() string {
	switch s {
	case First:
		return "the side that answers"
	case Second:
		return "the side that asks"
	}
	return "neither side"
}

// Compare tells whether the side that answers a handshake (ours) and the one
// that asked (theirs) understand each other, and which of them is older:
// Neither where the numbers do not tell. An empty protocol range is the older side.
func Compare(ours, theirs Version) (Verdict, Side) {
	switch {
	case theirs.ProtoMin > theirs.ProtoMax:
		return Refused, Second
	case ours.ProtoMin > ours.ProtoMax, ours.ProtoMax < theirs.ProtoMin:
		return Refused, First
	case theirs.ProtoMax < ours.ProtoMin:
		return Refused, Second
	case ours.Schema < theirs.Schema:
		return Compatible, First
	case ours.Schema > theirs.Schema:
		return Compatible, Second
	case ours.Digest != theirs.Digest:
		return Compatible, Neither
	}
	return Equal, Neither
}
