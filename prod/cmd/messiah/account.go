package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"messiah/core/account"
	"messiah/prod/store"
)

type accountCommand struct {
	Add     accountAdd     `cmd:"" help:"Make an account with a password."`
	Passwd  accountPasswd  `cmd:"" help:"Give an account another password."`
	Block   accountBlock   `cmd:"" help:"Let an account in no more."`
	Unblock accountUnblock `cmd:"" help:"Let a blocked account in again."`
	List    accountList    `cmd:"" help:"List the accounts."`
}

// stopFirst says when accounts can be changed.
const stopFirst = "A file is its db's alone: stop the db first. In PostgreSQL accounts may change while the db runs.\n" +
	"Accounts count where players.accounts of the configuration is password.\n\nExample:\n\n"

// maxAdded bounds the accounts of one command.
const maxAdded = 10_000

type accountAdd struct {
	storeFlags
	Name  string `arg:"" help:"The account."`
	Count int    `default:"0" help:"Make so many with the one password: NAME1, NAME2 and so on, as messiah bots --prefix NAME logs in with."`
}

// Help is the example.
func (accountAdd) Help() string {
	return "The password is read from the standard input, twice on a terminal. What is kept of it is an argon2id hash.\n" + stopFirst +
		"  messiah store account add ann --config messiah.yaml"
}

// changed is the document of --json of whoever changes accounts.
type changed struct {
	Accounts []string `json:"accounts"`
}

// Run makes the accounts.
func (a *accountAdd) Run(to streams) error {
	if a.Count < 0 || a.Count > maxAdded {
		return usage(fmt.Errorf("store: account: --count %d is not between 1 and %d", a.Count, maxAdded))
	}
	place, err := a.place(to)
	if err != nil {
		return err
	}
	password, err := newPassword(os.Stdin, to)
	if err != nil {
		return err
	}
	names := []string{a.Name}
	if a.Count > 0 {
		names = names[:0]
		for i := range a.Count {
			names = append(names, a.Name+strconv.Itoa(i+1))
		}
	}
	return withAccounts(place, func(ctx context.Context, all *store.Accounts) error {
		for _, name := range names {
			r, err := freshRecord(name, password)
			if err == nil {
				err = all.Add(ctx, name, r)
			}
			if errors.Is(err, store.ErrAccount) {
				return usage(err)
			}
			if err != nil {
				return err
			}
		}
		return a.report(to, changed{names}, fmt.Sprintf("%s: made\n", strings.Join(names, " ")))
	})
}

// freshRecord is an account with a password and a salt of its own.
func freshRecord(name, password string) (*account.Record, error) {
	var r account.Record
	return &r, setPassword(&r, name, password)
}

func setPassword(r *account.Record, name, password string) error {
	salt := make([]byte, account.SaltSize)
	if _, err := rand.Read(salt); err != nil {
		return fmt.Errorf("store: account: no entropy: %w", err)
	}
	return r.SetPassword(name, password, salt, account.DefaultCost())
}

// withAccounts does something with the accounts of a store.
func withAccounts(place string, do func(context.Context, *store.Accounts) error) error {
	ctx, stop := interruptible()
	defer stop()
	all, err := store.OpenAccounts(ctx, place)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, all), all.Close())
}

// change changes one account that is there.
func (f *storeFlags) change(to streams, name, text string, how func(*account.Record) error) error {
	place, err := f.existing(to)
	if err != nil {
		return err
	}
	return withAccounts(place, func(ctx context.Context, all *store.Accounts) error {
		err := all.Change(ctx, name, how)
		if errors.Is(err, store.ErrNoAccount) {
			return usage(err)
		}
		if err != nil {
			return err
		}
		return f.report(to, changed{[]string{name}}, name+": "+text+"\n")
	})
}

type accountPasswd struct {
	storeFlags
	Name string `arg:"" help:"The account."`
}

// Help is the example.
func (accountPasswd) Help() string {
	return "The password is read from the standard input, twice on a terminal. Whoever is in stays in.\n" + stopFirst +
		"  messiah store account passwd ann --config messiah.yaml"
}

// Run changes the password.
func (a *accountPasswd) Run(to streams) error {
	password, err := newPassword(os.Stdin, to)
	if err != nil {
		return err
	}
	return a.change(to, a.Name, "has another password", func(r *account.Record) error { return setPassword(r, a.Name, password) })
}

type accountBlock struct {
	storeFlags
	Name   string        `arg:"" help:"The account."`
	For    time.Duration `default:"0s" help:"So long from now on; 0: until it is unblocked."`
	Reason string        `help:"What its owner is told, at most 128 bytes."`
}

// Help is the example.
func (accountBlock) Help() string {
	return "Its next login is refused, with the reason if the password is right. Whoever is in stays in until the session ends:\n" +
		"messiah admin kick ends it.\n" + stopFirst +
		"  messiah store account block ann --for 48h --reason \"sold gold\" --config messiah.yaml"
}

// Run blocks the account.
func (a *accountBlock) Run(to streams) error {
	if a.For < 0 || len(a.Reason) > account.MaxReason {
		return usage(fmt.Errorf("store: account: --for is a time to come, and --reason has at most %d bytes", account.MaxReason))
	}
	until := account.Forever
	text := "is blocked until it is unblocked"
	if a.For > 0 {
		end := time.Now().Add(a.For)
		until, text = end.UnixNano(), "is blocked until "+end.UTC().Format(time.RFC3339)
	}
	return a.change(to, a.Name, text, func(r *account.Record) error {
		r.Until, r.Reason = until, a.Reason
		return nil
	})
}

type accountUnblock struct {
	storeFlags
	Name string `arg:"" help:"The account."`
}

// Help is the example.
func (accountUnblock) Help() string {
	return stopFirst + "  messiah store account unblock ann --config messiah.yaml"
}

// Run unblocks the account.
func (a *accountUnblock) Run(to streams) error {
	return a.change(to, a.Name, "is not blocked", func(r *account.Record) error {
		r.Until, r.Reason = 0, ""
		return nil
	})
}

type accountList struct{ storeFlags }

// Help is the example.
func (accountList) Help() string {
	return "Tells which accounts there are and which are blocked, and nothing of their passwords.\n" + stopFirst +
		"  messiah store account list --config messiah.yaml --json"
}

// listed is one account in the document of --json.
type listed struct {
	Account string `json:"account"`
	Blocked bool   `json:"blocked"`
	Until   string `json:"until"` // RFC 3339; empty: it is not blocked, or until it is unblocked
	Reason  string `json:"reason"`
	Damage  string `json:"damage"` // why it cannot be read
}

// Run lists the accounts.
func (a *accountList) Run(to streams) error {
	place, err := a.existing(to)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	all, text, now := []listed{}, strings.Builder{}, time.Now()
	err = store.EachAccount(ctx, place, func(name string, r *account.Record, damage error) error {
		one := listed{Account: name}
		switch {
		case damage != nil:
			one.Damage = damage.Error()
		case r.Blocked(now.UnixNano()):
			one.Blocked, one.Reason = true, r.Reason
			if r.Until != account.Forever {
				one.Until = time.Unix(0, r.Until).UTC().Format(time.RFC3339)
			}
		}
		all = append(all, one)
		fmt.Fprintln(&text, one.line())
		return nil
	})
	if err != nil {
		return err
	}
	return a.report(to, all, text.String())
}

// line tells people of the account.
func (l *listed) line() string {
	switch {
	case l.Damage != "":
		return l.Account + "  DAMAGE " + l.Damage
	case !l.Blocked:
		return l.Account
	case l.Until == "":
		return l.Account + "  blocked: " + l.Reason
	}
	return l.Account + "  blocked until " + l.Until + ": " + l.Reason
}

// newPassword reads a password that is set, twice where somebody types it.
func newPassword(from *os.File, to streams) (string, error) {
	password, err := readPassword(from, to, "password: ")
	if err != nil {
		return "", err
	}
	if len(password) < account.MinPassword || len(password) > account.MaxPassword {
		return "", usage(fmt.Errorf("store: account: a password has %d to %d bytes", account.MinPassword, account.MaxPassword))
	}
	if term.IsTerminal(int(from.Fd())) {
		again, err := readPassword(from, to, "again: ")
		if err == nil && again != password {
			err = usage(errors.New("store: account: that was another one"))
		}
		if err != nil {
			return "", err
		}
	}
	return password, nil
}

// readPassword reads one line, unseen on a terminal. It is never an argument, which others on the machine can see.
func readPassword(from *os.File, to streams, prompt string) (string, error) {
	if term.IsTerminal(int(from.Fd())) {
		fmt.Fprint(to.err, prompt)
		line, err := term.ReadPassword(int(from.Fd()))
		fmt.Fprintln(to.err)
		if err != nil {
			return "", fmt.Errorf("messiah: the password cannot be read: %w", err)
		}
		return string(line), nil
	}
	line, err := bufio.NewReader(io.LimitReader(from, account.MaxPassword+2)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("messiah: the password cannot be read: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
