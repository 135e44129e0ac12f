package planted

import "testing"

func TestOnlyThePlantedBuildCarriesBugs(t *testing.T) {
	err := Choose("a-bug")
	if Built != (err == nil) {
		t.Fatalf("Built is %v, and Choose answered %v", Built, err)
	}
	if On("a-bug") != Built {
		t.Errorf("On(chosen bug) = %v in a build with Built = %v", On("a-bug"), Built)
	}
	if On("another-bug") || On("") {
		t.Error("a bug that was not chosen is on")
	}
	if Built != (Chosen() == "a-bug") {
		t.Errorf("Chosen() = %q in a build with Built = %v", Chosen(), Built)
	}
	for range 100 {
		if n := Any(3); n < 0 || n >= 3 || !Built && n != 0 {
			t.Fatalf("Any(3) = %d in a build with Built = %v", n, Built)
		}
	}
	if got := MulAdd(2, 3, 4); got != 10 {
		t.Errorf("MulAdd(2, 3, 4) = %v", got)
	}
	if x := 0.1; !Built && MulAdd(x, 10, -1) != 0 {
		t.Errorf("MulAdd(0.1, 10, -1) = %v in an ordinary build, which rounds the product to 1", MulAdd(x, 10, -1))
	}
	if Built && (Choose("") != nil || On("a-bug") || On("")) {
		t.Error("Choose(\"\") left a bug planted")
	}
}
