// Package testserver runs a PostgreSQL server that is a test's own: as an
// unprivileged user, in a directory that goes with it, on a socket in there.
package testserver

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Install is the command that installs what the server needs on Debian; `make deps` runs it.
const Install = "apt-get update && apt-get install -y postgresql"

// goneWithin bounds how long killed processes may take to be gone.
const goneWithin = 10 * time.Second

// Server is one PostgreSQL server and its data.
type Server struct {
	dir, bin string
	as       *syscall.Credential // nil: as who runs the test
	cmd      *exec.Cmd
	ended    chan error
}

// Binaries returns the directory of the newest PostgreSQL that is installed.
func Binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return "", errors.New("PostgreSQL is not installed; `make deps` installs it, or: " + Install)
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// Start makes a database directory and starts a server on it, which syncs what it
// commits. It accepts connections when Start returns.
func Start() (*Server, error) {
	bin, err := Binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "messiah-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin}
	if err := s.begin(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *Server) begin() error {
	if os.Getuid() == 0 { // whom the server refuses
		if err := s.stepDown(); err != nil {
			return err
		}
	}
	cmd := s.command("initdb", "-D", s.data(), "-U", "messiah", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s.Restart()
}

// stepDown gives the directory to the user that the server runs as.
func (s *Server) stepDown() error {
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, uid, gid)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	// A test that dies takes its server with it: SIGQUIT ends one at once.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

// Address returns the address of a database of the server.
func (s *Server) Address(database string) string {
	return "postgres://messiah@/" + database + "?host=" + url.QueryEscape(s.dir)
}

// Database makes an empty database and returns its address.
func (s *Server) Database(name string) (string, error) {
	cmd := s.command("createdb", "-h", s.dir, "-U", "messiah", name)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("createdb: %w: %s", err, out)
	}
	return s.Address(name), nil
}

// Restart starts the server again on its data, and returns when it accepts connections.
func (s *Server) Restart() error {
	s.cmd = s.command("postgres", "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=on")
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.ended = make(chan error, 1)
	ready := make(chan bool, 1)
	var said bytes.Buffer
	go func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if strings.Contains(lines.Text(), "ready to accept connections") {
				ready <- true
				break
			}
			fmt.Fprintln(&said, lines.Text())
		}
		_, _ = io.Copy(io.Discard, stderr)
		s.ended <- s.cmd.Wait()
		close(ready)
	}()
	if !<-ready {
		return fmt.Errorf("the server did not start: %v: %s", <-s.ended, said.String())
	}
	return nil
}

// Kill ends every process of the server at once (SIGKILL), as a machine's reset does but for what the kernel has in its cache.
func (s *Server) Kill() error {
	all := append(s.children(), s.cmd.Process.Pid)
	for _, pid := range slices.Backward(all) { // first who would start others again
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	<-s.ended
	// The data can be opened again when nobody has it any more.
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for late := time.After(goneWithin); slices.ContainsFunc(all, lives); {
		select {
		case <-tick.C:
		case <-late:
			return errors.New("killed processes of the server are still there")
		}
	}
	return nil
}

// lives tells whether a process is there and more than a name that nobody has asked after yet.
func lives(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := bytes.Cut(text, []byte(") "))
	return !bytes.HasPrefix(state, []byte("Z"))
}

// children lists the processes that the server has started.
func (s *Server) children() []int {
	pid := strconv.Itoa(s.cmd.Process.Pid)
	text, err := os.ReadFile("/proc/" + pid + "/task/" + pid + "/children")
	if err != nil {
		return nil
	}
	var all []int
	for _, field := range strings.Fields(string(text)) {
		if child, err := strconv.Atoi(field); err == nil {
			all = append(all, child)
		}
	}
	return all
}

// Freeze stops the server's processes (SIGSTOP), as a machine that hangs; Thaw lets them go on.
func (s *Server) Freeze() error { return s.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) error {
	for _, pid := range append(s.children(), s.cmd.Process.Pid) {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// Close ends the server and removes its data.
func (s *Server) Close() error {
	err := s.Kill()
	return errors.Join(err, os.RemoveAll(s.dir))
}
