// Package stores holds every store of records against the same facts: the file,
// a PostgreSQL server that the tests start, and what the simulator keeps.
package stores

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/prod/store"
	"messiah/prod/store/testserver"
	"messiah/sim"
)

// server is the PostgreSQL server of all tests of the package; each has a database of its own.
var server *testserver.Server

func TestMain(m *testing.M) {
	if place := os.Getenv(childStore); place != "" {
		putForEver(place)
	}
	var err error
	if server, err = testserver.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "stores:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := server.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "stores:", err)
		code = 1
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "stores:", err)
		code = 1
	}
	os.Exit(code)
}

// peer is a store as the db sees it.
type peer interface {
	ask(m node.Message) node.Message
	// reopen ends the store and opens what it kept.
	reopen()
}

// kinds makes an empty store of each kind.
var kinds = map[string]func(t testing.TB) peer{
	"simulated": func(testing.TB) peer { return simulated{sim.NewRecords()} },
	"bbolt":     func(t testing.TB) peer { return opened(t, filepath.Join(t.TempDir(), "records")) },
	"postgres":  func(t testing.TB) peer { return opened(t, database(t)) },
}

// each runs a test on an empty store of each kind.
func each(t *testing.T, do func(t *testing.T, p peer)) {
	for name, fresh := range kinds {
		t.Run(name, func(t *testing.T) { do(t, fresh(t)) })
	}
}

// database makes an empty database and returns its address.
func database(t testing.TB) string {
	t.Helper()
	name := "t" + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(t.TempDir()))
	address, err := server.Database(name[max(0, len(name)-40):])
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// simulated answers from memory, as encoded messages as well: what is not encoded is not answered.
type simulated struct{ *sim.Records }

func (s simulated) reopen() {}

func (s simulated) ask(m node.Message) node.Message {
	asked := fresh(m.Type())
	if err := wire.Decode(wire.Append(nil, m), asked); err != nil {
		panic(err)
	}
	return s.Do(asked)
}

// fresh returns an empty message of a type.
func fresh(typ uint16) node.Message {
	switch typ {
	case proto.TypeStoreGet:
		return &proto.StoreGet{}
	case proto.TypeStorePut:
		return &proto.StorePut{}
	case proto.TypeStoreDelete:
		return &proto.StoreDelete{}
	case proto.TypeStoreFind:
		return &proto.StoreFind{}
	case proto.TypeStoreGot:
		return &proto.StoreGot{}
	case proto.TypeStoreDid:
		return &proto.StoreDid{}
	case proto.TypeStoreListed:
		return &proto.StoreListed{}
	}
	panic(fmt.Sprint("no message of a store has type ", typ))
}

// real is a store of package prod/store.
type real struct {
	t       testing.TB
	place   string
	store   store.Store
	answers chan []byte
}

// openPlace opens the store of a place.
func openPlace(place string) (store.Store, error) {
	if store.IsPostgres(place) {
		return store.OpenPostgres(context.Background(), place)
	}
	return store.OpenBolt(place)
}

func opened(t testing.TB, place string) *real {
	r := &real{t: t, place: place}
	r.open()
	t.Cleanup(r.close)
	return r
}

func (r *real) open() {
	r.t.Helper()
	var err error
	if r.store, err = openPlace(r.place); err != nil {
		r.t.Fatal(err)
	}
	r.answers = make(chan []byte, 1<<14)
	r.store.Start(func(frame []byte) { r.answers <- append([]byte(nil), frame...) })
}

func (r *real) close() {
	if err := r.store.Close(); err != nil {
		r.t.Error(err)
	}
}

func (r *real) reopen() {
	r.close()
	r.open()
}

func (r *real) say(m node.Message) {
	r.store.Take(wire.AppendFrame(nil, m.Type(), 0, nil, wire.Append(nil, m)))
}

func (r *real) hear() node.Message {
	m, err := decoded(<-r.answers)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

func decoded(frame []byte) (node.Message, error) {
	f, _, err := wire.Split(frame)
	if err != nil {
		return nil, err
	}
	m := fresh(f.Type)
	return m, wire.Decode(f.Payload, m)
}

func (r *real) ask(m node.Message) node.Message {
	r.say(m)
	return r.hear()
}
