package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"messiah/prod/store"
)

type storeCommand struct {
	Backup  storeBackup    `cmd:"" help:"Write all records to one file, as they are at one moment."`
	Restore storeRestore   `cmd:"" help:"Fill a store with the records of a backup."`
	Check   storeCheck     `cmd:"" help:"Read every record and index entry and say what is wrong."`
	Account accountCommand `cmd:"" help:"Make, block and list the accounts that log in with a password."`
}

// storeFlags are the flags of every command on a store.
type storeFlags struct {
	configFlags
	Store string `placeholder:"PLACE" help:"The store, a file or postgres://user:password@host:5432/name; default: db.store of the configuration."`
	JSON  bool   `help:"Print one JSON document."`
}

// place returns where the store is.
func (f *storeFlags) place(to streams) (string, error) {
	if f.Store != "" {
		if !store.IsPostgres(f.Store) {
			return f.Store, nil
		}
		return f.Store, usage(wrong(store.CheckPlace(f.Store)))
	}
	c, err := f.load(to, 0, 0)
	return c.StorePlace(), err
}

func wrong(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("config: db.store: %w", err)
}

// existing returns the place of a store that is there; that it is not is a mistake of
// whoever typed the command.
func (f *storeFlags) existing(to streams) (string, error) {
	place, err := f.place(to)
	if err != nil || store.IsPostgres(place) {
		return place, err
	}
	if _, err := os.Stat(place); err != nil {
		return "", usage(fmt.Errorf("store: there is no store at %s; --store or --config names another", place))
	}
	return place, nil
}

type storeBackup struct {
	storeFlags
	File string `arg:"" help:"The file to write."`
}

// Help is the example.
func (storeBackup) Help() string {
	return "All records of one moment go to one file with a checksum, which replaces an older one of its name only when it is whole.\n" +
		"A PostgreSQL store is backed up while the db runs. A file is its db's alone: stop the db first. The backup holds what\n" +
		"is known of players: keep it as you keep the store.\n\n" +
		"Example:\n\n  messiah store backup monday.backup --config messiah.yaml"
}

// Run writes the backup.
func (b *storeBackup) Run(to streams) error {
	place, err := b.existing(to)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	tell, done := showProgress(to.err, "backed up")
	totals, err := store.Backup(ctx, place, b.File, tell)
	done()
	if err != nil {
		return err
	}
	return b.report(to, totals, fmt.Sprintf("%s: %d records of %s, %d bytes\n", b.File, totals.Records, store.Place(place), totals.Bytes))
}

// report prints what was done.
func (f *storeFlags) report(to streams, document any, text string) error {
	if f.JSON {
		return json.NewEncoder(to.out).Encode(document)
	}
	_, err := io.WriteString(to.out, text)
	return err
}

type storeRestore struct {
	storeFlags
	File  string `arg:"" help:"The backup."`
	Force bool   `help:"Replace what the store has."`
}

// Help is the example.
func (storeRestore) Help() string {
	return "The backup is read to its end and its checksum compared before anything is touched; the store then has all of it or,\n" +
		"after an error, what it had. It may be of the other kind: so records move from a file to PostgreSQL. Stop the db first:\n" +
		"games that go on with what they have loaded would not be known to the store.\n\n" +
		"Example:\n\n  messiah store restore monday.backup --store postgres://messiah@db.example:5432/messiah"
}

// Run fills the store.
func (r *storeRestore) Run(to streams) error {
	if _, err := os.Stat(r.File); errors.Is(err, fs.ErrNotExist) {
		return usage(fmt.Errorf("store: there is no file %s", r.File))
	}
	place, err := r.place(to)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	tell, done := showProgress(to.err, "restored")
	totals, err := store.Restore(ctx, place, r.File, r.Force, tell)
	done()
	switch {
	case errors.Is(err, store.ErrNoBackup):
		return usage(err)
	case errors.Is(err, store.ErrNotEmpty):
		return fmt.Errorf("%w; --force replaces them", err)
	case err != nil:
		return err
	}
	return r.report(to, totals, fmt.Sprintf("%s: %d records of %s\n", store.Place(place), totals.Records, r.File))
}

type storeCheck struct{ storeFlags }

// Help is the example.
func (storeCheck) Help() string {
	return "Reads every record and holds the index against the records, both ways. Exit status 1 says that something is damaged.\n" +
		"A PostgreSQL store is checked while the db runs. A file is its db's alone: stop the db first.\n\n" +
		"Example:\n\n  messiah store check --config messiah.yaml --json"
}

// Run checks the store.
func (k *storeCheck) Run(to streams) error {
	place, err := k.existing(to)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	tell, done := showProgress(to.err, "checked")
	r, err := store.Check(ctx, place, tell)
	done()
	if err != nil {
		return err
	}
	if err := k.report(to, r, summary(r)); err != nil {
		return err
	}
	if !r.OK {
		return fmt.Errorf("store: %s is damaged", r.Store)
	}
	return nil
}

// summary tells people what a check has found.
func summary(r *store.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\nrecords        %d, %d bytes\n", r.Store, r.Kind, r.Records, r.Bytes)
	for _, class := range slices.Sorted(maps.Keys(r.Classes)) {
		name := class
		if name == "" {
			name = "(no class)"
		}
		fmt.Fprintf(&b, "  %-20s %d\n", name, r.Classes[class])
	}
	fmt.Fprintf(&b, "index entries  %d\nunique names   %d, %d of records that are not there\n", r.Entries, r.Names, r.Orphans)
	for _, life := range slices.Sorted(maps.Keys(r.Held)) {
		fmt.Fprintf(&b, "held           %d by %s\n", r.Held[life], life)
	}
	for _, d := range r.Damage {
		fmt.Fprintf(&b, "DAMAGE         %q: %s\n", d.Key, d.What)
	}
	if r.More > 0 {
		fmt.Fprintf(&b, "DAMAGE         %d further findings\n", r.More)
	}
	if r.OK {
		b.WriteString("nothing is wrong\n")
	}
	return b.String()
}

// interruptible ends with the first interrupt: what is half done is undone.
func interruptible() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}

// showProgress shows a bar on a terminal, and nothing elsewhere.
func showProgress(w io.Writer, what string) (tell store.Progress, done func()) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return func(_, _ int64) {}, func() {}
	}
	bar := progressbar.NewOptions64(1, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth(),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	return func(n, all int64) {
			if bar.GetMax64() != all {
				bar.ChangeMax64(all)
			}
			_ = bar.Set64(n)
		}, func() {
			_ = bar.Finish()
		}
}
