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
	if Built && (Choose("") != nil || On("a-bug") || On("")) {
		t.Error("Choose(\"\") left a bug planted")
	}
}
