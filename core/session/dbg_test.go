package session

import (
	"fmt"
	"pgregory.net/rapid"
	"sort"
	"testing"
)

var allMarks = map[string]int{}

func TestDbgMarks(t *testing.T) {
	for _, tr := range transports {
		for _, st := range styles {
			allMarks = map[string]int{}
			rapid.Check(t, func(rt *rapid.T) {
				w := crossing(rt, tr, st, options{})
				for k, v := range w.marks {
					allMarks[k] += v
				}
				for _, p := range w.players {
					allMarks["Zresumed"] += p.loop.resumed
					allMarks["Zrefused"] += p.loop.refused
					allMarks["Zlife"] += int(p.loop.life)
				}
			})
			var ks []string
			for k := range allMarks {
				ks = append(ks, k)
			}
			sort.Strings(ks)
			for _, k := range ks {
				fmt.Println(tr.name, st.name, k, allMarks[k])
			}
		}
	}
}
