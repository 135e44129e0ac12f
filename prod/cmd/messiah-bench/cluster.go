package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cluster is a manager, a db, a gate and a game, each a process of its own.
type cluster struct {
	messiah, dir string
	processes    []*exec.Cmd
	took         time.Duration // from the first exec until the gate was ready
}

// begin starts a cluster in a directory of its own and waits until logins are admitted.
func begin(messiah string) (*cluster, error) {
	dir, err := os.MkdirTemp("", "messiah-bench")
	if err != nil {
		return nil, err
	}
	path, err := filepath.Abs(messiah)
	if err != nil {
		return nil, err
	}
	c := &cluster{messiah: path, dir: dir}
	if err := c.configure(); err != nil {
		c.end()
		return nil, err
	}
	// The keys exist before what is measured, as on every start but the first.
	if out, err := c.command("config", "check").CombinedOutput(); err != nil {
		c.end()
		return nil, fmt.Errorf("config check: %w: %s", err, out)
	}
	began := time.Now()
	ready := make(chan error, 1)
	for _, role := range [][]string{{"manager"}, {"db"}, {"game"}, {"gate"}} {
		if err := c.start(role, ready); err != nil {
			c.end()
			return nil, err
		}
	}
	select {
	case err = <-ready:
	case <-time.After(10 * time.Second):
		err = errors.New("the gate was not ready within 10 s")
	}
	c.took = time.Since(began)
	if err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

// budget lets one client call as fast as it can.
const budget = `
players:
  messages_per_second: 1000000
  message_burst: 2000000
  bytes_per_second: 1000000000
  byte_burst: 2000000000
`

func (c *cluster) configure() error {
	addrs := make([]string, 4)
	for i := range addrs {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		addrs[i] = l.Addr().String()
	}
	text := fmt.Sprintf("state: %s\nmanager: {listen: %s, admin: \"\"}\ndb: {listen: %s, admin: \"\"}\n"+
		"games: [{listen: %s, admin: \"\"}]\ngates: [{clients: [\"kcp://%s\", \"tcp://%s\"], admin: \"\"}]\n%s",
		filepath.Join(c.dir, "state"), addrs[0], addrs[1], addrs[2], addrs[3], addrs[3], budget)
	return os.WriteFile(filepath.Join(c.dir, "messiah.yaml"), []byte(text), 0o600)
}

func (c *cluster) command(args ...string) *exec.Cmd {
	cmd := exec.Command(c.messiah, append(args, "--config", filepath.Join(c.dir, "messiah.yaml"))...)
	cmd.Dir = c.dir
	return cmd
}

// start starts one role; the gate's word that it is ready is passed on.
func (c *cluster) start(role []string, ready chan<- error) error {
	cmd := c.command(role...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.processes = append(c.processes, cmd)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if role[0] == "gate" && strings.HasSuffix(lines.Text(), " ready") {
				ready <- nil
			}
		}
	}()
	return nil
}

// end stops the cluster and removes what it kept.
func (c *cluster) end() {
	for _, p := range c.processes {
		_ = p.Process.Signal(syscall.SIGTERM)
	}
	for _, p := range c.processes {
		_ = p.Wait()
	}
	os.RemoveAll(c.dir)
}

// ticks is how much processor the servers have used, in hundredths of a second.
func (c *cluster) ticks() (total int) {
	for _, p := range c.processes {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
		if err != nil {
			continue
		}
		// The name in brackets may hold blanks: count from behind it.
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		for _, i := range []int{11, 12} { // utime and stime
			n, err := strconv.Atoi(fields[i])
			if err == nil {
				total += n
			}
		}
	}
	return total
}

// report is what `messiah bots --json` prints, as far as it is used here.
type report struct {
	Clients   int `json:"clients"`
	Connected int `json:"connected"`
	RTT       struct {
		P50 float64 `json:"p50"`
		P99 float64 `json:"p99"`
	} `json:"rtt_ms"`
	CallsPerSecond float64 `json:"calls_per_second"`
	Calls          float64 `json:"calls"`
	Lost           int     `json:"lost"`
	Duplicated     int     `json:"duplicated"`
	Reordered      int     `json:"reordered"`
}

// load runs bots and describes what they saw and what it cost the servers.
func (c *cluster) load(l load, span time.Duration) (measurement, error) {
	cmd := c.command(append(append([]string{"bots"}, l.args...), "--for", span.String(), "--json")...)
	cmd.Stderr = os.Stderr
	before := c.ticks()
	out, err := cmd.Output()
	used := float64(c.ticks()-before) / 100
	var r report
	if jerr := json.Unmarshal(out, &r); jerr != nil {
		return measurement{}, errors.Join(err, jerr)
	}
	got := fmt.Sprintf("%.1f k/s, p50 %.2f ms, p99 %.1f ms, %.1f µs", r.CallsPerSecond/1000, r.RTT.P50, r.RTT.P99, used/r.Calls*1e6)
	if r.Connected != r.Clients || r.Lost+r.Duplicated+r.Reordered > 0 {
		got += fmt.Sprintf("; %d of %d in, %d lost, %d doubled, %d out of order", r.Connected, r.Clients, r.Lost, r.Duplicated, r.Reordered)
	}
	return measurement{l.what, l.goal, got}, nil
}
