package sim

import (
	"reflect"
	"testing"
)

// TestOraclesThatRememberSaySo: an oracle with state of its own that is not part
// of a case's state would let two orders be taken for one that it judges differently.
func TestOraclesThatRememberSaySo(t *testing.T) {
	for _, o := range newOracles(NewWorld(Config{Options: DefaultOptions()})) {
		own := 0
		typ := reflect.TypeOf(o).Elem()
		for i := range typ.NumField() {
			if name := typ.Field(i).Name; name != "deaf" && name != "w" {
				own++
			}
		}
		if _, remembers := o.(rememberer); remembers != (own > 0) {
			t.Errorf("%v has %d fields of its own, and that it remembers is %v", typ, own, remembers)
		}
	}
}
