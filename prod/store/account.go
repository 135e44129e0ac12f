package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"messiah/core/account"
	"messiah/core/dbm"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// Errors of accounts.
var (
	ErrNoAccount = errors.New("store: there is no such account")
	ErrAccount   = errors.New("store: there is such an account already")
)

// Accounts is a store that is open for the accounts in it. A file is its db's alone, so
// that the db has to be stopped first; in a database accounts may change while it runs.
type Accounts struct {
	store   Store
	answers chan []byte
}

// OpenAccounts opens the store of a place, as Open does.
func OpenAccounts(ctx context.Context, place string) (*Accounts, error) {
	s, err := Open(ctx, place)
	if err != nil {
		return nil, err
	}
	a := &Accounts{store: s, answers: make(chan []byte, 1)} // one request at a time
	s.Start(func(frame []byte) { a.answers <- append([]byte(nil), frame...) })
	return a, nil
}

// Close gives the store back.
func (a *Accounts) Close() error { return a.store.Close() }

// Add makes an account. One that is there is ErrAccount.
func (a *Accounts) Add(ctx context.Context, name string, r *account.Record) error {
	_, revision, err := a.read(ctx, name)
	switch {
	case err != nil:
		return err
	case revision > 0:
		return fmt.Errorf("%w: %s", ErrAccount, name)
	}
	return a.write(ctx, name, 0, r)
}

// Change changes an account. One that is not there is ErrNoAccount; an error of the
// function leaves it as it was.
func (a *Accounts) Change(ctx context.Context, name string, change func(*account.Record) error) error {
	r, revision, err := a.read(ctx, name)
	switch {
	case err != nil:
		return err
	case revision == 0:
		return fmt.Errorf("%w: %s", ErrNoAccount, name)
	}
	if err := change(r); err != nil {
		return err
	}
	return a.write(ctx, name, revision, r)
}

func (a *Accounts) read(ctx context.Context, name string) (*account.Record, uint64, error) {
	if name == "" || len(name) > proto.MaxName {
		return nil, 0, fmt.Errorf("store: an account's name has 1 to %d bytes", proto.MaxName)
	}
	var got proto.StoreGot
	if err := a.ask(ctx, &proto.StoreGet{Key: proto.LoginKey(name)}, &got); err != nil {
		return nil, 0, err
	}
	switch {
	case got.Failed:
		return nil, 0, fmt.Errorf("store: account %s: the store cannot read it", name)
	case got.Revision == 0:
		return nil, 0, nil
	}
	r, err := dbm.AccountOf(got.Value)
	if err != nil {
		return nil, 0, fmt.Errorf("store: account %s: %w", name, err)
	}
	return r, got.Revision, nil
}

func (a *Accounts) write(ctx context.Context, name string, revision uint64, r *account.Record) error {
	var did proto.StoreDid
	put := proto.StorePut{Key: proto.LoginKey(name), Revision: revision, Value: dbm.AccountValue(r)}
	if err := a.ask(ctx, &put, &did); err != nil {
		return err
	}
	switch {
	case did.Conflict:
		return fmt.Errorf("store: account %s: somebody else has changed it meanwhile", name)
	case did.Failed:
		return fmt.Errorf("store: account %s: the store cannot tell whether it was written", name)
	}
	return nil
}

// ask has the store carry one request out.
func (a *Accounts) ask(ctx context.Context, m node.Message, answer wire.Message) error {
	a.store.Take(wire.AppendFrame(nil, m.Type(), 0, nil, wire.Append(nil, m)))
	select {
	case <-ctx.Done():
		return fmt.Errorf("store: %w", ctx.Err())
	case frame := <-a.answers:
		f, _, err := wire.Split(frame)
		if err == nil {
			err = wire.Decode(f.Payload, answer)
		}
		return err
	}
}

// EachAccount calls do with every account of the store of a place, in the order of their
// names. One that cannot be read is a nil record with its damage.
func EachAccount(ctx context.Context, place string, do func(name string, r *account.Record, damage error) error) error {
	return withSnapshot(ctx, place, func(s snapshot) error {
		return s.records(func(key string, r *row, damage error) error {
			name, is := strings.CutPrefix(key, proto.LoginKey(""))
			if !is {
				return ctx.Err()
			}
			var one *account.Record
			if damage == nil {
				one, damage = dbm.AccountOf(r.Value)
			}
			return do(name, one, damage)
		})
	})
}
