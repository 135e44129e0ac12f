package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"messiah/prod/admin"
)

type adminCommand struct {
	Status statusCommand `cmd:"" help:"Show the start, the processes and what they hold."`
	Kick   kickCommand   `cmd:"" help:"End a client's session."`
	Drain  drainCommand  `cmd:"" help:"Move everybody away from a game and have its process leave."`
	Close  closeCommand  `cmd:"" help:"Have a game take no newcomers."`
	Open   openCommand   `cmd:"" help:"Have a closed or draining game take newcomers again."`
	Record recordCommand `cmd:"" help:"Write what the flight recorder of a role has into a file, to be replayed."`
}

// adminFlags say whom to ask.
type adminFlags struct {
	configFlags
	Admin string `placeholder:"ADDR" help:"Admin address, host:port. Default: the configured one of the manager."`
	JSON  bool   `name:"json" help:"Print one JSON document."`
}

func (f *adminFlags) addr(to streams) (string, error) {
	if f.Admin != "" {
		return f.Admin, nil
	}
	c, err := f.load(to, 0, 0)
	if err != nil {
		return "", err
	}
	if c.Manager.Admin == "" {
		return "", usage(fmt.Errorf("config: manager.admin: is empty; name an address with --admin"))
	}
	return c.Manager.Admin, nil
}

type statusCommand struct {
	adminFlags
}

// Help is the example.
func (statusCommand) Help() string {
	return "Example:\n\n  messiah admin status --admin 127.0.0.1:7790 --json"
}

// Run prints the status.
func (s *statusCommand) Run(to streams) error {
	addr, err := s.addr(to)
	if err != nil {
		return err
	}
	status, err := admin.GetStatus(context.Background(), addr)
	if err != nil {
		return err
	}
	if s.JSON {
		return json.NewEncoder(to.out).Encode(status)
	}
	return writeStatus(to.out, &status)
}

func writeStatus(w io.Writer, s *admin.Status) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if c := s.Cluster; c != nil {
		for _, step := range c.Steps {
			mark := " "
			if step.Reached {
				mark = "x"
			}
			fmt.Fprintf(t, "[%s] %d %s\n", mark, step.Number, step.Name)
		}
		fmt.Fprintf(t, "admits %v, primary %s, %d sessions, %d avatars\n\n", c.Admits, orNone(c.Primary), c.Sessions, c.Avatars)
		fmt.Fprintln(t, "PROCESS\tINCARNATION\tREADY\tSTANDS\tSESSIONS\tAVATARS\tADDRESS")
		for _, p := range c.Processes {
			fmt.Fprintf(t, "%s\t%s\t%v\t%s\t%d\t%d\t%s\n", p.Name, p.Incarnation, p.Ready, stands(&p), p.Sessions, p.Avatars,
				strings.TrimSpace(p.Address+" "+strings.Join(p.Clients, " ")))
		}
		fmt.Fprintln(t, "\nSTUB\tGAME")
		for _, stub := range c.Stubs {
			fmt.Fprintf(t, "%s\t%s\n", stub.Name, stub.Game)
		}
		fmt.Fprintln(t)
	}
	fmt.Fprintln(t, "ROLE\tLIVES\tREADY\tLINKS")
	for _, r := range s.Roles {
		var links []string
		for _, l := range r.Links {
			name := l.Peer
			if !l.Up {
				name += "(broken)"
			}
			links = append(links, name)
		}
		fmt.Fprintf(t, "%s\t%d\t%v\t%s\n", r.Name, r.Lives, r.Ready, strings.Join(links, " "))
	}
	return t.Flush()
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

type kickCommand struct {
	adminFlags
	Client string `arg:"" help:"An account, or a client id of 32 hexadecimal digits."`
	Reason string `help:"What the logs say." default:""`
}

// Help is the example.
func (kickCommand) Help() string { return "Example:\n\n  messiah admin kick alice --reason \"speed\"" }

// Run sends the kick.
func (k *kickCommand) Run(to streams) error {
	addr, err := k.addr(to)
	if err != nil {
		return err
	}
	a, err := admin.Kick(context.Background(), addr, admin.KickRequest{Client: k.Client, Reason: k.Reason})
	if err != nil {
		return err
	}
	if k.JSON {
		return json.NewEncoder(to.out).Encode(a)
	}
	fmt.Fprintf(to.out, "%d gates were told to end the session of %s\n", a.Gates, a.Client)
	return nil
}

// stands says whether a game takes newcomers.
func stands(p *admin.Process) string {
	switch {
	case p.Kind != "game":
		return "-"
	case p.Drain != nil:
		return "drains"
	case p.Closed:
		return "closed"
	}
	return "open"
}
