package compare

import (
	"fmt"

	"github.com/vmihailenco/msgpack/v5"

	"messiah/core/proto"
	"messiah/core/wire"
)

// maxValues bounds the text of a payload's values.
const maxValues = 200

// values writes a body's fields as values, where the body is a message; else it returns "".
func values(body []byte) string {
	if _, _, payload, err := proto.SplitClient(body); err == nil {
		if s := fields(payload); s != "" {
			return s
		}
	}
	return fields(body)
}

// fields writes one msgpack array, which every message is.
func fields(b []byte) string {
	if wire.Validate(b) != nil {
		return ""
	}
	var v any
	if err := msgpack.Unmarshal(b, &v); err != nil {
		return ""
	}
	list, ok := v.([]any)
	if !ok {
		return ""
	}
	s := fmt.Sprint(list)
	return s[:min(len(s), maxValues)]
}
