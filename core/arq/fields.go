package arq

import (
	"reflect"
	"time"

	kcp "github.com/xtaci/kcp-go/v5"
)

// deadState is what the library sets state to after IKCP_DEADLINK
// transmissions of one segment. It never takes that back.
const deadState = 0xFFFFFFFF

// The unexported fields of kcp.KCP that are read, never written. Reflection
// rather than offsets, so that a change of the library panics at the start.
var (
	fieldState  = field(reflect.Uint32, "state")
	fieldRTT    = field(reflect.Int32, "rx_srtt")
	fieldRTTVar = field(reflect.Int32, "rx_rttvar")
	fieldRTO    = field(reflect.Uint32, "rx_rto")
)

// field returns the index of a field of kcp.KCP.
func field(kind reflect.Kind, name string) int {
	f, ok := reflect.TypeFor[kcp.KCP]().FieldByName(name)
	if !ok || f.Type.Kind() != kind {
		panic("arq: kcp-go's KCP has no field " + name + " of kind " + kind.String() + " any more")
	}
	return f.Index[0]
}

// dead tells whether the library has given the other side up.
func dead(k *kcp.KCP) bool {
	return reflect.ValueOf(k).Elem().Field(fieldState).Uint() == deadState
}

// timing returns the smoothed round trip, its variation, and the timeout of a retransmission.
func timing(k *kcp.KCP) (rtt, variation, timeout time.Duration) {
	v := reflect.ValueOf(k).Elem()
	return time.Duration(v.Field(fieldRTT).Int()) * time.Millisecond,
		time.Duration(v.Field(fieldRTTVar).Int()) * time.Millisecond,
		time.Duration(v.Field(fieldRTO).Uint()) * time.Millisecond
}
