package choice

import "testing"

func TestBlendListsOverNoise(t *testing.T) {
	list := Replay([]Decision{{Purpose: "net", ID: 1, Index: 2, Label: "jitter", N: 100, Value: 77}, {Purpose: "story", Index: 1, Label: "who", N: 5, Value: 4}})
	source := Blend(list, Seeded(9), []string{"net"})
	noise := Seeded(9).Stream("net", 1)
	net, story := source.Stream("net", 1), source.Stream("story", 0)
	for i := range 5 {
		want := noise.Choose("jitter", 100)
		if i == 2 {
			want = 77
		}
		if got := net.Choose("jitter", 100); got != want {
			t.Errorf("net decision %d is %d, want %d", i, got, want)
		}
		want = 0
		if i == 1 {
			want = 4
		}
		if got := story.Choose("who", 5); got != want {
			t.Errorf("story decision %d is %d, want %d", i, got, want)
		}
	}
	if list.Drift() != 0 || list.Unreached() != 0 {
		t.Errorf("drift %d, unreached %d", list.Drift(), list.Unreached())
	}
}

func TestBlendedChanceIsListedToo(t *testing.T) {
	source := Blend(Replay([]Decision{{Purpose: "net", Index: 1, Label: "loss", N: 2, Value: 1}}), Seeded(1), []string{"net"})
	s := source.Stream("net", 0)
	if Chance(s, "loss", 0) || !Chance(s, "loss", 1) || Chance(s, "loss", 0) {
		t.Error("the listed loss is the second of three, and no other")
	}
}
