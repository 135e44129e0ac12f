package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The environment through which a mutated binary hears which guard is deleted,
// and where it writes the number of each guard that was taken for the first time.
const (
	envDeleted = "MESSIAH_GUARD_DELETED"
	envTaken   = "MESSIAH_GUARDS_TAKEN"
)

// switchSource is the file that the overlay adds to core/planted: there is one
// build for all guards, and which one is deleted is decided when it starts.
const switchSource = `package planted

import (
	"os"
	"strconv"
	"sync/atomic"
)

var deleted, _ = strconv.Atoi(os.Getenv("` + envDeleted + `"))

var takenFile = os.Getenv("` + envTaken + `")

var taken [1 << 12]atomic.Bool

// Stands tells whether a guard, whose condition holds, has not been deleted.
func Stands(number int) bool {
	if takenFile != "" && !taken[number].Swap(true) {
		f, err := os.OpenFile(takenFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		if _, err := f.WriteString(strconv.Itoa(number) + "\n"); err != nil {
			panic(err)
		}
		f.Close()
	}
	return number != deleted
}
`

// moduleRoot returns the root of the module that the working directory is in.
func moduleRoot() (string, error) {
	b, err := exec.Command("go", "env", "GOMOD").Output()
	file := strings.TrimSpace(string(b))
	if err != nil || file == "" || file == os.DevNull {
		return "", errors.New("mutate has to be run inside the source tree, with the Go toolchain on the path")
	}
	return filepath.Dir(file), nil
}

// buildMutable builds a messiah-sim in which each guard can be deleted. The tree
// is not touched: the changed files stand in an overlay.
func buildMutable(root, dir string) (binary string, guards []guard, err error) {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	put := func(file string, source []byte) error {
		changed := filepath.Join(dir, fmt.Sprintf("%d.go", len(overlay.Replace)))
		overlay.Replace[filepath.Join(root, file)] = changed
		return os.WriteFile(changed, source, 0o600)
	}
	if err := put("core/planted/guards.go", []byte(switchSource)); err != nil {
		return "", nil, err
	}
	for _, t := range targets {
		found, source, err := findGuards(root, t, len(guards)+1)
		if err != nil {
			return "", nil, err
		}
		if err := put(t.file, source); err != nil {
			return "", nil, err
		}
		guards = append(guards, found...)
	}
	index, err := json.Marshal(overlay)
	if err != nil {
		return "", nil, err
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, index, 0o600); err != nil {
		return "", nil, err
	}
	binary = filepath.Join(dir, "messiah-sim")
	build := exec.Command("go", "build", "-buildvcs=false", "-overlay", overlayFile, "-o", binary, "./sim/cmd/messiah-sim")
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("the mutated source does not build: %w\n%s", err, bytes.TrimSpace(text))
	}
	return binary, guards, nil
}
