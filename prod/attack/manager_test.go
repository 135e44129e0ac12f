//go:build e2e

package attack

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"messiah/core/proto"
	"messiah/prod/bots"
	"messiah/prod/config"
	"messiah/scenarios/siege"
)

// role is one process of a cluster.
type role struct {
	t    *testing.T
	name string
	args []string
	cmd  *exec.Cmd

	mu    sync.Mutex
	out   []string // lines of the standard output
	lines int      // of the log
	words bytes.Buffer
	wg    sync.WaitGroup
}

func startRole(t *testing.T, binary, dir, name string, args ...string) *role {
	t.Helper()
	r := &role{t: t, name: name, args: args, cmd: exec.Command(binary, args...)}
	r.cmd.Dir = dir
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log, err := r.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.wg.Go(func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			r.mu.Lock()
			r.out = append(r.out, s.Text())
			r.mu.Unlock()
		}
	})
	r.wg.Go(func() {
		for s := bufio.NewScanner(log); s.Scan(); {
			r.mu.Lock()
			if r.lines++; r.lines < 100 {
				fmt.Fprintln(&r.words, s.Text())
			}
			r.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		r.wg.Wait()
		_ = r.cmd.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s\n%s", name, strings.Join(r.out, "\n"), r.words.String())
		}
	})
	return r
}

// said returns the first line of the standard output that contains a text, once it is there.
func (r *role) said(text string) (line string) {
	r.t.Helper()
	until(r.t, r.name+" says "+text, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, l := range r.out {
			if strings.Contains(l, text) {
				line = l
				return true
			}
		}
		return false
	})
	return line
}

// used is the processor time of the process and the lines that it has logged.
func (r *role) used() (processor time.Duration, lines int) {
	r.t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(r.cmd.Process.Pid), "stat"))
	if err != nil {
		r.t.Fatal(err)
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	for _, f := range fields[11:13] { // user and system, in hundredths of a second
		n, err := strconv.Atoi(f)
		if err != nil {
			r.t.Fatal(err)
		}
		processor += time.Duration(n) * 10 * time.Millisecond
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return processor, r.lines
}

// watched is how long processes are watched, before the manager's death and after it.
const watched = 8 * time.Second

// What a process may use more of while the manager is away than with it.
const (
	mostProcessor = watched / 20
	mostLines     = 40
)

// A coordinating process dies: in a known engine the others then spin, and fill
// the disk with logs. Here players do not even notice.
func TestAManagerThatIsKilledLeavesTheOthersCalm(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "messiah")
	if out, err := exec.Command("go", "build", "-o", binary, "messiah/prod/cmd/messiah").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file := filepath.Join(dir, "messiah.yaml")
	text := fmt.Sprintf("state: %s\nmanager: {listen: %q, admin: \"\"}\ndb: {listen: \"127.0.0.1:0\", admin: \"\"}\n"+
		"games:\n- {listen: \"127.0.0.1:0\", admin: \"\"}\n- {listen: \"127.0.0.1:0\", admin: \"\"}\n"+
		"gates:\n- {clients: [\"kcp://127.0.0.1:0\"], admin: \"\"}\n- {clients: [\"kcp://127.0.0.1:0\"], admin: \"\"}\n",
		filepath.Join(dir, "state"), freeAddr(t))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	start := func(name string, args ...string) *role {
		return startRole(t, binary, dir, name, append(args, "--config", file)...)
	}
	manager := start("manager1", "manager")
	others := []*role{
		start("db1", "db"), start("game1", "game", "--index", "1"), start("game2", "game", "--index", "2"),
		start("gate1", "gate", "--index", "1"), start("gate2", "gate", "--index", "2"),
	}
	var gates []string
	for _, r := range others {
		r.said(r.name + " ready")
		if _, clients, ok := strings.Cut(r.said("listens"), "clients="); ok {
			gates = append(gates, strings.Fields(clients)[0])
		}
	}
	players := play(t, dir, gates, "player-")
	defer players.Finish()
	before := players.Restart()
	calm := watch(others)
	_ = manager.cmd.Process.Kill()
	away := watch(others)
	for i, r := range others {
		t.Logf("%s: %v of processor and %d lines in %v with a manager, %v and %d without", r.name,
			calm[i].processor, calm[i].lines, watched, away[i].processor, away[i].lines)
		if away[i].processor > calm[i].processor+mostProcessor || away[i].lines > calm[i].lines+mostLines {
			t.Errorf("%s is not calm", r.name)
		}
	}
	start("manager1 again", "manager").said("manager1 ready")
	late := play(t, dir, gates, "late-")
	late.Finish()
	if after := players.Count(); after.Done <= before.Done || after.In != perSwarm ||
		after.Lost+after.Doubled+after.Reordered+after.Failed+after.Unknown+after.Kicks+after.Resumes+after.Loss != 0 {
		t.Errorf("the players: %+v", after)
	}
}

// play sends players in.
func play(t *testing.T, dir string, gates []string, prefix string) *bots.Swarm {
	t.Helper()
	c := config.Default()
	c.State = filepath.Join(dir, "state")
	key, err := c.ServerKey("")
	if err != nil {
		t.Fatal(err)
	}
	s, err := bots.Start(bots.Config{
		Gates: gates, ServerKey: key, Version: proto.Version(siege.RPC().Schema(), siege.RPC().Digest()), Clients: perSwarm, Prefix: prefix,
		RPC: siege.RPC(), Method: string(siege.Count), Outstanding: 8, Every: 100 * time.Millisecond, Loops: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if !s.AllIn(ctx) {
		s.Finish()
		t.Fatalf("not all of %s are in: %+v", prefix, s.Tally())
	}
	return s
}

// use is what a process has used in a while.
type use struct {
	processor time.Duration
	lines     int
}

func watch(roles []*role) (list []use) {
	for _, r := range roles {
		p, n := r.used()
		list = append(list, use{p, n})
	}
	<-time.After(watched)
	for i, r := range roles {
		p, n := r.used()
		list[i] = use{p - list[i].processor, n - list[i].lines}
	}
	return list
}
