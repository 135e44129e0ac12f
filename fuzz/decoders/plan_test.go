package decoders

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"messiah/sim"
)

// seedPlans adds the minimal plans that are kept, and lines at the edges of what is allowed.
func seedPlans(f *testing.F) {
	f.Helper()
	files := 0
	for _, pattern := range []string{"*.plan", "*/*.plan"} {
		names, err := filepath.Glob("../../scenarios/testdata/plans/" + pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
			files++
		}
	}
	if files == 0 {
		f.Fatal("no plans under scenarios/testdata/plans")
	}
	const head = "messiah plan 1\nscenario second-login\n"
	f.Add("")
	f.Add("messiah plan 1\n")
	f.Add(head + "seed 18446744073709551615\noracle routes\nbug no-redial\nnoise net\nnoise net\n")
	f.Add(head + "set client-link=lossy:5\nset faults=pause,slow\nset duration=24h0m0s\n")
	f.Add(head + "faults listed\nfault - partition target=gate1 other=game1 one-way=yes lasting=1s at=0s\n")
	f.Add(head + "fault 1 bad-link target=client1 with=torn lasting=24h0m0s at=1ns\nfault 1 store-crash\n")
	f.Add(head + "fault - clog target=db1 with=255 at=-1s\nfault 0 pause\n# no more\n")
	f.Add(head + "decide net 12884901890 @17 jitter 40/64\ndecide \"\\x00\" 0 @0 \"a b\" 1/2\ndecide story 0 @1 x 0/1\n")
}

// FuzzPlanText takes text as a plan. What is taken is written as a plan that is
// the same one, and writing that is stable.
func FuzzPlanText(f *testing.F) {
	seedPlans(f)
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := sim.ReadPlan(text)
		if err != nil {
			return
		}
		written := plan.Text()
		again, err := sim.ReadPlan(written)
		if err != nil {
			t.Fatalf("what is written is not taken: %v\n%s", err, written)
		}
		if !reflect.DeepEqual(again, plan) {
			t.Fatalf("%+v is read as %+v, from\n%s", plan, again, written)
		}
		if once := again.Text(); once != written {
			t.Fatalf("written again it is\n%s\nand it was\n%s", once, written)
		}
	})
}
