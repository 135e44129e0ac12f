// Package elsewhere is another package of the same game, which the analyzers under
// test are not asked about.
package elsewhere

import (
	"sync"
	"time"
)

type Lock = sync.Mutex

type Clock struct{ time.Timer }

type Stamp = time.Time

var Wait sync.WaitGroup

var Limits = map[string]int{"a": 1}

var Speed = 3

func Read(m map[string]int) int { return len(m) }
