package address

import (
	"fmt"
	"reflect"
	"unsafe" // want `import of unsafe: an address may reach a result through it`
)

type leaf struct{ n int }

type tree struct {
	name string
	left *leaf
}

type shown struct{ hidden *titled }

type titled struct{ n int }

func (*titled) String() string { return "t" }

type row []*leaf

func numbers(v reflect.Value, p *int) {
	_ = uintptr(unsafe.Pointer(p))
	_ = v.Pointer()    // want `reflect.Value.Pointer gives an address`
	at := v.UnsafeAddr // want `reflect.Value.UnsafeAddr gives an address`
	_ = at
}

func texts(p *int, l *leaf, t *tree, tv tree, r row, m map[*leaf]int, f func(), c any, s shown, q *titled, err error) {
	_ = fmt.Sprintf("%p", l)                 // want `the verb %p prints an address`
	_ = fmt.Sprintf("%d %*d %p", 1, 2, 3, l) // want `the verb %p prints`
	_ = fmt.Sprintf("100%% %p", f)           // want `the verb %p`
	_ = fmt.Errorf("at %v", p)               // want `p of type \*int prints an address`
	_ = fmt.Sprint(p, 1)                     // want `p of type \*int prints`
	_ = fmt.Sprint(t)                        // want `t of type \*tree prints`
	_ = fmt.Sprintf("%+v", tv)               // want `tv of type tree prints`
	_ = fmt.Sprintln(r)                      // want `r of type row prints`
	_ = fmt.Sprint(m)                        // want `m of type map\[\*leaf\]int prints`
	_ = fmt.Sprint(f)                        // want `f of type func\(\) prints`
	_ = fmt.Sprint([]any{1}, s)              // want `s of type shown prints`
	_ = fmt.Appendf(nil, "%v", p)            // want `p of type \*int prints`
	_ = fmt.Sprint(l, c, q, err, *p, []*titled{q}, map[string]int{})
	_ = fmt.Sprintf("%T %v", p, *l)
	_ = fmt.Sprintf("%s %d", "%p", 3)
}
