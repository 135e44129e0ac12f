package globals

import (
	"bytes"
	"elsewhere"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"sort"
	"strings"
)

var n int

var grid struct{ cells [2]int }

func assigned() {
	n = 1              // want `package-level variable n is assigned: what one run leaves in it the next run finds`
	n++                // want `n is assigned`
	n, _ = 2, 3        // want `n is assigned`
	grid.cells[1] += 2 // want `grid is assigned`
	for n = range 3 {  // want `n is assigned`
	}
	p := &n // want `n is address-taken`
	_ = p
	defer func() { n = 4 }()  // want `n is assigned`
	io.EOF = nil              // want `io.EOF is assigned`
	elsewhere.Speed++         // want `elsewhere.Speed is assigned`
	elsewhere.Limits["b"] = 2 // want `elsewhere.Limits is assigned`
}

func init() { n = 7 } // want `n is assigned`

type counter struct{ n int }

func (c *counter) inc()     { c.n++ }
func (c counter) read() int { return c.n }

var shared counter

type wrapped struct{ counter }

var embedded wrapped

func methods() {
	shared.inc()    // want `shared is address-taken by the method inc`
	f := shared.inc // want `shared is address-taken`
	f()
	embedded.inc() // want `embedded is address-taken by the method inc`
	_ = shared.read()
}

var (
	table  = map[int]int{1: 1}
	list   = []int{2, 1}
	array  = [2]int{2, 1}
	matrix = [][]int{{1}}
	config = struct{ names []string }{[]string{"a"}}
)

func containers() {
	table[1] = 2                                 // want `table is assigned`
	delete(table, 1)                             // want `table is written`
	clear(table)                                 // want `table is written`
	list[0] = 3                                  // want `list is assigned`
	matrix[0][0] = 3                             // want `matrix is assigned`
	slices.Sort(list)                            // want `list is written`
	sort.Sort(sort.Reverse(sort.IntSlice(list))) // want `list is`
	sort.Sort(sort.IntSlice(list))               // want `list is written`
	copy(list, []int{1})                         // want `list is written`
	maps.Copy(table, table)                      // want `table is written`
	config.names[0] = "b"                        // want `config is assigned`
	_ = array[:]                                 // want `array is address-taken by slicing`
}

// Aliases write it unseen.
func aliases() []int {
	alias := list // want `list is handed on, and whoever has it can write it`
	alias[0] = 9
	m := table // want `table is handed on`
	delete(m, 1)
	fill(list)                   // want `list is handed on`
	fillAll(1, list...)          // want `list is handed on`
	keep(list[1:])               // want `list is handed on`
	x := struct{ s []int }{list} // want `list is handed on`
	_ = x
	names := config.names // want `config is handed on`
	names[0] = "c"
	f := func() []int { return list } // want `list is handed on`
	_ = f
	_ = elsewhere.Read(elsewhere.Limits) // want `elsewhere.Limits is handed on`
	_ = append(list, 3)                  // want `list is handed on`
	return list                          // want `list is handed on`
}

func fill(s []int)              { s[0] = 1 }
func fillAll(n int, s ...int)   { s[0] = 1 }
func keep(s []int) func() []int { return func() []int { return s } }
func sum(s []int) (n int) {
	for _, v := range s {
		n += v
	}
	return n + deep(s[1:])
}
func deep(s []int) int { t := s; return len(t) + sum(t) }

var pointer = &counter{}                    // want `package-level variable pointer holds a pointer`
var generator = rand.New(rand.NewPCG(1, 2)) // want `generator holds a pointer`
var source rand.PCG                         // want `source holds a random generator`
var queue chan int                          // want `queue holds a channel`
var nested = map[string][]*counter{}        // want `nested holds a pointer`
var store fmt.Stringer = &text{}            // want `store holds a pointer`
var opaque fmt.Stringer = open()            // want `opaque holds what an interface hides`
var next = sequence()                       // want `next holds what its closure keeps`
var buffer bytes.Buffer

type text struct{}

func (*text) String() string { return "" }
func open() fmt.Stringer     { return nil }
func sequence() func() int   { n := 0; return func() int { n++; return n } }
func wrote()                 { buffer.WriteByte(1) } // want `buffer is address-taken by the method WriteByte`

// Tables that are only read, and values that never change.
var (
	ErrA                    = errors.New("a")
	errB                    = fmt.Errorf("b: %w", ErrA)
	pattern                 = regexp.MustCompile("a")
	castagnoli              = crc32.MakeTable(crc32.Castagnoli)
	plain                   = func(x int) int { return x }
	_          fmt.Stringer = (*text)(nil)
	pairs                   = [...]struct{ from, to string }{{"a", "b"}}
	ops                     = map[string]func(int) int{"a": plain}
)

func fine(b []byte) (total int) {
	for _, v := range list {
		total += v
	}
	local := list
	total += local[0] + len(local) + table[1] + array[0] + matrix[0][0] + sum(list) + cap(list[:1])
	if slices.Contains(list, 3) || strings.Join(config.names, "") == "" || list == nil {
		total++
	}
	copied := append([]int(nil), list...)
	copied[0] = 5
	mine := slices.Clone(list)
	mine[0] = 6
	own := array
	own[0] = 7
	for _, v := range array[:1] {
		total += v
	}
	n := 1
	n++
	v, ok := table[3]
	_, _, _ = pairs[0].from, v, ok
	_ = slices.Sorted(maps.Keys(table))
	total += ops["a"](1)
	bytes.Contains(b, b)
	return total + n
}
