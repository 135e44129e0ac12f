package sim

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"messiah/core/node"
	"messiah/sim/choice"
)

// anyFault draws a fault that a plan may hold.
func anyFault(t *rapid.T) Fault {
	f := Fault{
		Site: rapid.IntRange(0, 50).Draw(t, "site"),
		At:   node.Time(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "at")),
		Kind: rapid.SampledFrom(AllFaultKinds()).Draw(t, "kind"),
		For:  time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "for")),
	}
	switch f.Kind {
	case CrashManager:
		f.Target = ManagerID
	case CrashDB:
		f.Target = DBID
	case CrashGate:
		f.Target = GateID(2)
	case StoreFault, StoreFail, StoreSlow, StoreCrash:
	case BadLink, DropClient, CutClient, OtherGate, CrashClient, SecondLogin:
		f.Target = node.NewID(node.Client, 3)
	case Partition:
		f.Target, f.Other, f.OneWay = GateID(1), GameID(2), rapid.Bool().Draw(t, "one-way")
	default:
		f.Target = GameID(3)
	}
	switch f.Kind {
	case BadLink:
		f.With = rapid.SampledFrom(stormNames()).Draw(t, "with")
	case Clog:
		f.With = "77"
	case ClockJump:
		f.With = "-1h0m0s"
	case StoreSlow:
		f.With = "150ms"
	}
	return f
}

func TestPlanReadsWhatItWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &Plan{
			Scenario: "second-login", Seed: rapid.Uint64().Draw(t, "seed"), Oracle: "order", Bug: "no-redial",
			Set: []string{"gates=2", "client-link=3g"}, Noise: []string{"net", "store"}, Listed: rapid.Bool().Draw(t, "listed"),
			Faults: rapid.SliceOfN(rapid.Custom(anyFault), 0, 6).Draw(t, "faults"),
		}
		for i := range rapid.IntRange(0, 5).Draw(t, "decisions") {
			p.Decisions = append(p.Decisions, choice.Decision{Purpose: "net", ID: 1<<32 | 2, Index: uint64(i), Label: "jitter", N: 9, Value: 1 + i})
		}
		if len(p.Faults) == 0 {
			p.Faults = nil
		}
		again, err := ReadPlan(p.Text())
		if err != nil {
			t.Fatalf("%v\n%s", err, p.Text())
		}
		if diff := cmp.Diff(p, again); diff != "" {
			t.Fatalf("the plan came back otherwise:\n%s", diff)
		}
	})
}

func TestPlanErrorsNameTheLine(t *testing.T) {
	head := planHead + "\nscenario gate-lost\n"
	for _, tt := range []struct{ text, want string }{
		{"", "an empty plan"},
		{"scenario x\n", `line 1: a plan begins with "messiah plan 1"`},
		{planHead + "\nseed 1\n", "names no scenario"},
		{head + "seed x\n", `line 3: seed "x" is not a number`},
		{head + "set gates=99\n", "line 3: sim: option gates"},
		{head + "set gates\n", "is not KEY=VALUE"},
		{head + "noise wind\n", `line 3: noise "wind" is none of`},
		{head + "wind north\n", `line 3: no line begins with "wind"`},
		{head + "fault 1\n", "line 3: want: fault SITE KIND"},
		{head + "fault 0 pause target=gate1\n", `line 3: fault "0"`},
		{head + "fault 1 quake target=gate1\n", `line 3: no fault "quake"; there are crash-manager`},
		{head + "fault 1 pause\n", "line 3: fault pause: whom does it strike?"},
		{head + "fault 1 pause target=moon1\n", "line 3: fault pause: "},
		{head + "fault 1 pause target=client1\n", "it does not strike a client"},
		{head + "fault 1 crash-gate target=game1\n", "game1 is another kind of process"},
		{head + "fault 1 partition target=game1 other=game1\n", "from whom is it parted?"},
		{head + "fault 1 bad-link target=client1 with=isdn\n", "with=isdn is none of"},
		{head + "fault 1 pause target=gate1 lasting=9999h\n", `"9999h" is not a time`},
		{head + "fault 1 pause target=gate1 loud=yes\n", `"loud=yes" is none of`},
		{head + "\n# a comment\ndecide net 1 @0 jitter 9/3\n", "line 5"},
	} {
		if _, err := ReadPlan(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("plan %q: error %v, want one with %q", tt.text, err, tt.want)
		}
	}
}

func TestOptionFaultsNamesKinds(t *testing.T) {
	o := DefaultOptions()
	if err := o.Set("faults", "pause,clog"); err != nil || !o.allows(Pause) || !o.allows(Clog) || o.allows(Slow) {
		t.Errorf("faults=pause,clog: %v; pause %v, clog %v, slow %v", err, o.allows(Pause), o.allows(Clog), o.allows(Slow))
	}
	if err := o.Set("faults", "pause,quake"); err == nil || !strings.Contains(err.Error(), `"quake"`) {
		t.Errorf("faults=pause,quake: %v", err)
	}
	if err := o.Set("faults", "none"); err != nil || o.allows(Pause) {
		t.Errorf("faults=none allows a pause: %v", err)
	}
}
