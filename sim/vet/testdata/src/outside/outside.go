package outside

import (
	_ "context" // want `import of context: it ends work`
	_ "embed"
	_ "expvar" // want `import of expvar`
	_ "flag"   // want `import of flag: a replay finds other files, arguments`
	"fmt"
	"io"
	_ "io/fs"
	_ "io/ioutil" // want `import of io/ioutil`
	_ "log"       // want `import of log: it writes to the process's own output`
	_ "log/slog"  // want `import of log/slog`
	"math/bits"
	_ "net" // want `import of net: a replay has no network`
	_ "net/netip"
	_ "net/url"
	_ "os"        // want `import of os: a replay finds other files`
	_ "os/signal" // want `import of os/signal`
	"path/filepath"
	"runtime"         // want `import of runtime: the scheduler, the collector and the number of processors`
	_ "runtime/debug" // want `import of runtime/debug`
	"strconv"
	_ "syscall" // want `import of syscall`
	_ "weak"    // want `import of weak: what it holds lives until the collector runs`
)

func console(w io.Writer) {
	fmt.Println(1)    // want `fmt.Println is I/O, which a replay would do again: use env.Log`
	say := fmt.Printf // want `fmt.Printf is I/O`
	say("x")
	println(1)     // want `builtin println is I/O`
	defer print(2) // want `builtin print is I/O`
	fmt.Fprintln(w, fmt.Sprint(1))
}

func println2(println func(int)) { println(1) }

func machine() int {
	_, _ = filepath.Glob("*") // want `filepath.Glob looks at the file system`
	_ = filepath.Join("a", "b")
	return runtime.NumCPU() + strconv.IntSize + bits.UintSize // want `strconv.IntSize is the machine's word size` `bits.UintSize is the machine's word size`
}
