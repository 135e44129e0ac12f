package node

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"messiah/core/wire"
)

var rewrite = flag.Bool("rewrite", false, "write what happens into the golden files")

// Each file of testdata/links is a conversation: a command, a line of dashes, and what it leads to.
func TestLinkConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/links/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversation: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newConversation(t).replay(string(text))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(text) {
				t.Errorf("%s is not what happens (go test -run LinkConversations -rewrite writes it anew):\n%s",
					file, firstDifference(got, string(text)))
			}
		})
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d happens: %s\nline %d says:    %s", i+1, a[i], i+1, b[i])
		}
	}
	return fmt.Sprintf("%d lines happen, %d are there", len(a), len(b))
}

// conversation carries commands out on a network and writes down what happens.
type conversation struct {
	*wires
	t   *testing.T
	out strings.Builder
}

func newConversation(t *testing.T) *conversation {
	c := &conversation{wires: newWires(t), t: t}
	c.told = func(p *proc, what string) {
		if what != "" {
			c.say("%v hears %s", p.id, what)
		}
	}
	return c
}

func (c *conversation) say(format string, args ...any) { fmt.Fprintf(&c.out, format+"\n", args...) }

// replay returns the text with each output as it happens now.
func (c *conversation) replay(text string) string {
	var file strings.Builder
	paragraphs := strings.Split(strings.TrimRight(text, "\n"), "\n\n")
	for i, paragraph := range paragraphs {
		command, _, isCommand := strings.Cut(paragraph+"\n", "----\n")
		if i > 0 {
			file.WriteString("\n")
		}
		if !isCommand {
			file.WriteString(paragraph + "\n")
			continue
		}
		c.out.Reset()
		for line := range strings.Lines(command) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				c.run(strings.Fields(line))
			}
		}
		file.WriteString(command + "----\n" + c.out.String())
	}
	return file.String()
}

func (c *conversation) run(words []string) {
	var args []*proc
	for _, word := range words[1:] {
		if id, err := ParseID(word); err == nil && words[0] != "process" {
			args = append(args, c.named(id))
		}
	}
	last := words[len(words)-1]
	switch words[0] {
	case "process":
		c.process(words[1:])
	case "connect":
		c.connect(args[0], args[1])
	case "deliver":
		c.deliverSome(args, last)
	case "send":
		n, err := strconv.Atoi(last)
		for range max(n, 1) {
			c.send(args[0], args[1], 0)
		}
		if err == nil && n > 1 {
			return
		}
		if args[0].node.last != nil {
			c.say("%v", args[0].node.last)
		}
	case "break":
		c.breakCable(c.joining(args), last == "silently")
	case "advance":
		d, err := time.ParseDuration(last)
		if err != nil {
			c.t.Fatal(err)
		}
		c.advance(c.now.Add(d), nil)
	case "stop":
		c.stop(args[0], last == "silently")
	case "start":
		c.start(args[0])
	case "lose": // only the first hears that their connection has ended
		one := c.joining(args)
		for side := range one.ends {
			if one.ends[side].proc == args[0] {
				one.queue[side] = []news{{kind: InConnDown}}
				c.deliverOne(one, side)
			}
		}
	case "forget":
		c.forget(args[0], c.life(args[1]))
	case "forgetpast":
		c.forget(args[0], args[1].past[len(args[1].past)-1])
	case "links":
		for _, l := range args[0].host.Links() {
			c.say("%v: up %v, sent %d, received %d, %d bytes kept", l.Peer.ID, l.Up, l.Sent, l.Received, l.Unacked)
		}
	default:
		c.t.Fatalf("no command %q", words[0])
	}
}

func (c *conversation) process(words []string) {
	id, err := ParseID(words[0])
	if err != nil {
		c.t.Fatal(err)
	}
	secret, version := "secret", testVersion
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		n, _ := strconv.Atoi(value)
		switch key {
		case "secret":
			secret = value
		case "protocol":
			version.ProtoMin, version.ProtoMax = uint16(n), uint16(n)
		}
	}
	p := c.add(id, secret, version)
	p.cfg.Log = func(level Level, text string, pairs ...any) { c.say("%v logs %v: %s", id, level, text) }
	c.start(p)
}

func (c *conversation) named(id ID) *proc {
	i := slices.IndexFunc(c.procs, func(p *proc) bool { return p.id == id })
	if i < 0 {
		c.t.Fatalf("no process %v", id)
	}
	return c.procs[i]
}

// life returns the present life of a process or, of one that is down, the last.
func (c *conversation) life(p *proc) Peer {
	if p.host != nil {
		return p.host.Self()
	}
	return p.past[len(p.past)-1]
}

// joining returns the newest connection between two processes.
func (c *conversation) joining(ends []*proc) *cable {
	for _, one := range slices.Backward(c.cables) {
		if a, b := one.ends[0].proc, one.ends[1].proc; a == ends[0] && b == ends[1] || a == ends[1] && b == ends[0] {
			return one
		}
	}
	c.t.Fatalf("no connection between %v and %v", ends[0].id, ends[1].id)
	return nil
}

// deliverSome delivers everything, or toward the second process so many frames.
func (c *conversation) deliverSome(ends []*proc, last string) {
	count, err := strconv.Atoi(last)
	if len(ends) == 2 && err == nil {
		one := c.joining(ends)
		side := 0
		if one.ends[1].proc == ends[1] {
			side = 1
		}
		for range count {
			c.deliverOne(one, side)
		}
		return
	}
	for moved := true; moved; {
		moved = false
		for i := 0; i < len(c.cables); i++ {
			for side := range 2 {
				for c.deliverOne(c.cables[i], side) {
					moved = true
				}
			}
		}
		c.clean()
	}
}

func (c *conversation) deliverOne(one *cable, side int) bool {
	if len(one.queue[side]) == 0 {
		return false
	}
	first := one.queue[side][0]
	if from, to := one.ends[1-side].proc, one.ends[side].proc; from != nil && !one.ends[side].closed {
		c.say("%v -> %v: %s", from.id, to.id, describeNews(first))
	}
	return c.deliver(one, side)
}

func describeNews(n news) string {
	if n.kind != InConnData {
		return n.kind.String()
	}
	var texts []string
	for b := n.bytes; len(b) > 0; {
		f, rest, err := wire.Split(b)
		if err != nil {
			return err.Error()
		}
		texts, b = append(texts, describeFrame(&f)), rest
	}
	return strings.Join(texts, ", ")
}

func describeFrame(f *wire.Frame) string {
	name := frameNames[f.Type]
	switch f.Type {
	case frameProof:
		var m proof
		_ = wire.Decode(f.Payload, &m)
		if m.resumes {
			return fmt.Sprintf("%s, resumes after %d", name, m.received)
		}
	case frameReady:
		var m ready
		_ = wire.Decode(f.Payload, &m)
		return fmt.Sprintf("%s, after %d", name, m.received)
	case frameRefuse:
		var m refuse
		_ = wire.Decode(f.Payload, &m)
		return fmt.Sprintf("%s: %s", name, m.reason)
	case framePing:
		return fmt.Sprintf("%s, has %d", name, le64(f.Payload))
	case typeNumber:
		return fmt.Sprintf("message %d", f.Route(0))
	}
	return name
}
