package dbm

import (
	"strconv"
	"testing"
	"time"

	"messiah/core/node"
)

// A guesser has a burst, and then one try each FailEvery, however it spreads them.
func TestWrongTriesAreBounded(t *testing.T) {
	d := New(Config{})
	const hours = 3
	looked, now := 0, node.Time(time.Hour)
	for end := now.Add(hours * time.Hour); now < end; now = now.Add(time.Second / 4) {
		if d.spend(now, "ann") == 0 {
			looked++
		}
	}
	if most := FailBurst + int(hours*time.Hour/FailEvery); looked > most || looked < most-1 {
		t.Errorf("%d tries in %d hours, want %d", looked, hours, most)
	}
	if d.spend(now, "bob") != 0 {
		t.Error("the tries of one account count for another")
	}
}

// Who waits as long as it is told is looked at.
func TestTheWaitIsTold(t *testing.T) {
	d, now := New(Config{}), node.Time(time.Hour)
	for range FailBurst {
		if wait := d.spend(now, "ann"); wait != 0 {
			t.Fatalf("within the burst: wait %v", wait)
		}
	}
	wait := d.spend(now, "ann")
	if wait != FailEvery {
		t.Fatalf("behind the burst: wait %v, want %v", wait, FailEvery)
	}
	if early := d.spend(now.Add(wait-1), "ann"); early != 1 {
		t.Errorf("a nanosecond early: wait %v", early)
	}
	if late := d.spend(now.Add(wait), "ann"); late != 0 {
		t.Errorf("at the time: wait %v", late)
	}
}

// A try that was none, since the store could not tell, is given back.
func TestATryIsGivenBack(t *testing.T) {
	d, now := New(Config{}), node.Time(time.Hour)
	for range 100 {
		if d.spend(now, "ann") != 0 {
			t.Fatal("a try is not given back")
		}
		d.refund("ann")
	}
}

func TestTheOldestGuesserIsForgotten(t *testing.T) {
	d, now := New(Config{}), node.Time(time.Hour)
	for i := range MaxFailing + 10 {
		d.spend(now, strconv.Itoa(i))
	}
	if n := d.failing.Len(); n != MaxFailing {
		t.Fatalf("%d accounts, the bound is %d", n, MaxFailing)
	}
	if d.failing.Has("9") || !d.failing.Has("10") {
		t.Error("not the oldest were forgotten")
	}
}
