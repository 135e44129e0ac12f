package main_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is the program under test.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "messiah")
	if err == nil {
		binary = filepath.Join(dir, "messiah")
		err = exec.Command("go", "build", "-o", binary, ".").Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the program does not build:", err)
		os.Exit(1)
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// within bounds every wait of these tests.
const within = 40 * time.Second

// command is the program with arguments, in a directory of the test's own and without our variables.
func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, binary, args...)
	c.Dir = dir
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "MESSIAH_") {
			c.Env = append(c.Env, v)
		}
	}
	return c
}

// result is what a command that has ended left behind.
type result struct {
	status   int
	out, err string
}

func execute(t *testing.T, dir string, args ...string) result {
	t.Helper()
	return whispered(t, dir, "", args...)
}

// whispered is execute with something on the standard input.
func whispered(t *testing.T, dir, said string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*within)
	defer cancel()
	c := command(ctx, dir, args...)
	c.Stdin = strings.NewReader(said)
	var out, words bytes.Buffer
	c.Stdout, c.Stderr = &out, &words
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("messiah %s: %v, %v\n%s%s", strings.Join(args, " "), err, ctx.Err(), out.String(), words.String())
	}
	return result{c.ProcessState.ExitCode(), out.String(), words.String()}
}

// program is a running command whose lines of output can be waited for.
type program struct {
	args []string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended

	mu      sync.Mutex
	changed *sync.Cond
	lines   []string
	closed  bool
	words   bytes.Buffer
}

func begin(t *testing.T, dir string, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{args: args, cmd: command(ctx, dir, args...), done: make(chan struct{})}
	p.changed = sync.NewCond(&p.mu)
	p.cmd.Stderr = &p.words
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.add(s.Text(), false)
		}
		p.add("", true)
		_ = p.cmd.Wait() // its status is asked for by those whom it concerns
	}()
	t.Cleanup(func() {
		cancel()
		<-p.done
		if t.Failed() {
			t.Logf("messiah %s:\n%s\n%s", strings.Join(args, " "), strings.Join(p.lines, "\n"), p.words.String())
		}
	})
	return p
}

func (p *program) add(line string, last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last {
		p.closed = true
	} else {
		p.lines = append(p.lines, line)
	}
	p.changed.Broadcast()
}

// line waits for a line that contains a text and returns the first one.
func (p *program) line(t *testing.T, text string) string {
	t.Helper()
	late := time.AfterFunc(within, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.closed = true
		p.changed.Broadcast()
	})
	defer late.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if i := slices.IndexFunc(p.lines, func(l string) bool { return strings.Contains(l, text) }); i >= 0 {
			return p.lines[i]
		}
		if p.closed {
			t.Fatalf("messiah %s never printed %q", strings.Join(p.args, " "), text)
		}
		p.changed.Wait()
	}
}

// signal sends a signal.
func (p *program) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// ended waits for the end and returns the exit status.
func (p *program) ended(t *testing.T) int {
	t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		p.signal(t, syscall.SIGQUIT) // its goroutines tell why it does not end
		<-p.done
		t.Fatalf("messiah %s does not end", strings.Join(p.args, " "))
		return -1
	}
}

// freeAddr is a loopback address that nothing listens on now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// configFile writes a configuration of a cluster that takes free ports, with the manager at known ones.
func configFile(t *testing.T, gates, games int) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	file = filepath.Join(dir, "messiah.yaml")
	free := `"127.0.0.1:0"`
	text := fmt.Sprintf("state: %s\nmanager: {listen: %q, admin: %q}\ndb: {listen: %s, admin: %s}\ngames:\n",
		filepath.Join(dir, "state"), freeAddr(t), freeAddr(t), free, free)
	text += strings.Repeat(fmt.Sprintf("- {listen: %s, admin: %s}\n", free, free), games)
	text += "gates:\n" + strings.Repeat(
		fmt.Sprintf("- {clients: [\"kcp://127.0.0.1:0\", \"tcp://127.0.0.1:0\"], admin: %s}\n", free), gates)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, file
}
