package command

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"messiah/core/node"
	"messiah/core/record"
	"messiah/sim"
)

// recordedGate plays a scenario and returns the file of its first gate's recording.
func recordedGate(t *testing.T) []byte {
	t.Helper()
	sc, err := scenarioNamed("reconnect-resume")
	if err != nil {
		t.Fatal(err)
	}
	var gate *record.Recorder
	res, err := sc.Run(sim.RunConfig{Seed: 1, Tape: func(cfg *node.Config) node.Tape {
		if cfg.Self != sim.GateID(1) || gate != nil {
			return nil
		}
		gate = record.NewRecorder(16<<10, cfg)
		return gate
	}})
	if err != nil || res.Verdict != sim.Pass {
		t.Fatalf("%v, %+v", err, res)
	}
	rec, ok := gate.Take(1_700_000_000_000_000_000)
	if !ok || rec.Head.Lost == 0 {
		t.Fatal("the recording is not one that has forgotten its start")
	}
	return rec.Append(nil)
}

func written(t *testing.T, name string, b []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestImportComparesAndWritesAPlanThatReplays(t *testing.T) {
	file := written(t, "gate1.rec", recordedGate(t))
	plan := filepath.Join(filepath.Dir(file), "gate1.plan")
	var stdout, stderr bytes.Buffer
	if status := run([]string{"import", file, "--json", "--plan", plan}, &stdout, &stderr); status != exitPass {
		t.Fatalf("exit %d: %s%s", status, stdout.String(), stderr.String())
	}
	var doc imported
	if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if !doc.Equal || doc.FirstDifference != nil || doc.MessagesCompared == 0 || doc.StatesCompared != 2 || doc.Role != "gate1" || doc.FromStart {
		t.Errorf("%+v", doc)
	}
	for _, what := range []string{plan, file} {
		stdout.Reset()
		if status := run([]string{"replay", what, "--until", "5"}, &stdout, &stderr); status != exitPass {
			t.Fatalf("replay %s: exit %d: %s", what, status, stderr.String())
		}
		if text := stdout.String(); strings.Count(text, " gate1 ") != 5 || !strings.Contains(text, "#5 ") || !strings.Contains(text, "gate1") {
			t.Errorf("replay %s prints %q", what, text)
		}
	}
}

func TestABadRecordingIsOneClearLine(t *testing.T) {
	good := recordedGate(t)
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 4
	other := bytes.Replace(good, []byte("recording 1"), []byte("recording 9"), 1)
	for _, one := range []struct {
		name, want string
		b          []byte
	}{
		{"cut.rec", "it was cut off; take it again", good[:len(good)-100]},
		{"flipped.rec", "the recording is damaged at byte", flipped},
		{"newer.rec", "has a format that this build does not read", other},
		{"none.rec", "this is no flight recording", []byte("messiah plan 1\n")},
		{"empty.rec", "this is no flight recording", nil},
		{"longer.rec", "stand behind the end", append(bytes.Clone(good), 1)},
	} {
		var stdout, stderr bytes.Buffer
		status := run([]string{"import", written(t, one.name, one.b)}, &stdout, &stderr)
		if text := stderr.String(); status != exitUsage || stdout.Len() > 0 || strings.Count(text, "\n") != 1 || !strings.Contains(text, one.want) {
			t.Errorf("%s: exit %d, %q, want one line with %q", one.name, status, text, one.want)
		}
	}
	var stdout, stderr bytes.Buffer
	if status := run([]string{"import", "nowhere.rec"}, &stdout, &stderr); status != exitUsage || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("without a file: exit %d, %q", status, stderr.String())
	}
}

// TestADeviceIsNoFileWithoutEnd reads what has no size and no end: it is refused once it is too long.
func TestADeviceIsNoFileWithoutEnd(t *testing.T) {
	const endless = "/dev/zero"
	if _, err := os.Stat(endless); err != nil {
		t.Skip(err)
	}
	if b, err := readFile("plan", endless, 1000, nil); err == nil || !strings.Contains(err.Error(), "more than 1000 bytes") {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if status := run([]string{"import", endless}, io.Discard, io.Discard); status != exitUsage {
		t.Errorf("import %s: exit %d", endless, status)
	}
	file := written(t, "exact", make([]byte, 1000))
	if b, err := readFile("plan", file, 1000, nil); err != nil || len(b) != 1000 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if b, err := readFile("plan", file, 999, nil); err == nil {
		t.Errorf("%d bytes of a file that is too long", len(b))
	}
}
