package recast

import (
	"testing"
)

// FuzzOBJ reads bytes as the geometry of a space. What is taken has faces with
// corners among its vertices, all of them within reach, and no more of either than
// the text has room for.
func FuzzOBJ(f *testing.F) {
	f.Add([]byte(courtyardOBJ))
	f.Add([]byte("v 0 0 0\nv 1 0 0\nv 0 0 1\nf 1 2 3\nf -3 -2 -1\n"))
	f.Add([]byte("v 0 0 0 1\r\n v 1e3 -0 nan\nf 1/1/1 2//2 3 4 5\n# f 1 2 3\no f\n"))
	f.Add([]byte("f 1 2 3\nv 1 2 3\n"))
	f.Add([]byte("v 0x1p-2 1_0 +Inf\nf 2147483648 0 -2147483649\n"))
	f.Fuzz(func(t *testing.T, obj []byte) {
		s, err := parseOBJ(obj)
		if err != nil {
			return
		}
		if len(s.verts)%3 != 0 || len(s.tris)%3 != 0 || len(s.tris) == 0 {
			t.Fatalf("%d coordinates and %d corners", len(s.verts), len(s.tris))
		}
		if len(s.verts) > len(obj) || len(s.tris) > 3*len(obj) {
			t.Fatalf("%d bytes make %d coordinates and %d corners", len(obj), len(s.verts), len(s.tris))
		}
		for _, v := range s.verts {
			if !bounded(v) {
				t.Fatalf("coordinate %v", v)
			}
		}
		for _, corner := range s.tris {
			if corner < 0 || int(corner) >= len(s.verts)/3 {
				t.Fatalf("corner %d of %d vertices", corner, len(s.verts)/3)
			}
		}
	})
}
