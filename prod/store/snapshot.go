package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/jackc/pgx/v5"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"messiah/core/addr"
	"messiah/core/proto"
)

// snapshot is all that a store has at one moment.
type snapshot interface {
	count() (int64, error)
	floor() (uint64, error)
	// records calls do with each record in the order of keys; damage is not nil where one cannot be read.
	records(do func(key string, r *row, damage error) error) error
	// entries calls do with each index entry.
	entries(do func(class string, e proto.IndexEntry, key string, entity addr.EntityID) error) error
	// sound returns what is wrong with the file or database itself, as far as it says so.
	sound() []string
}

// errInUse says what to do about a file that a running db has.
var errInUse = errors.New("a running db has it: stop the db first; a PostgreSQL store is backed up and checked while the db runs")

// withSnapshot opens the store of a place, which is there, for reading all of it.
func withSnapshot(ctx context.Context, place string, do func(snapshot) error) error {
	if IsPostgres(place) {
		return withPostgresSnapshot(ctx, place, do)
	}
	if _, err := os.Stat(place); err != nil {
		return fmt.Errorf("store: there is no store at %s", place)
	}
	return guarded(place, func() error {
		db, err := bolt.Open(place, 0o600, &bolt.Options{Timeout: lockWithin, ReadOnly: true})
		if errors.Is(err, bolterrors.ErrTimeout) {
			return fmt.Errorf("store: %s: %w", place, errInUse)
		}
		if err != nil {
			return fmt.Errorf("store: %s: %w", place, err)
		}
		err = db.View(func(tx *bolt.Tx) error {
			t := openTables(tx)
			if t.records == nil || t.indexes == nil || t.about == nil || number(t.about.Get(keyFormat)) != format {
				return fmt.Errorf("store: %s is no store of this build's format; a db that is started on it brings it up to date", place)
			}
			return do(&fileSnapshot{tx, t})
		})
		return errors.Join(err, db.Close())
	})
}

// guarded turns what a damaged file does to its reader, a panic or a fault, into an error.
func guarded(place string, do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("store: %s: %w: %v", place, ErrDamaged, p)
		}
	}()
	return do()
}

// fileSnapshot is a bbolt file in a transaction.
type fileSnapshot struct {
	tx *bolt.Tx
	t  *tables
}

func (s *fileSnapshot) count() (int64, error)  { return int64(s.t.records.Stats().KeyN), nil }
func (s *fileSnapshot) floor() (uint64, error) { return s.t.floor() }

func (s *fileSnapshot) records(do func(key string, r *row, damage error) error) error {
	return s.t.records.ForEach(func(key, b []byte) error {
		r, damage := unseal(string(key), b)
		return do(string(key), &r, damage)
	})
}

func (s *fileSnapshot) entries(do func(class string, e proto.IndexEntry, key string, entity addr.EntityID) error) error {
	return s.t.indexes.ForEach(func(b, entity []byte) error {
		class, e, key, ok := splitEntry(b)
		if !ok {
			key = fmt.Sprintf("%q, which is no entry", b)
		}
		return do(class, e, key, entityOf(entity))
	})
}

// sound wants of each bucket that all of its pages are reached by walking through
// it, in order, and that each key is found where it stands. The file's own check
// (bolt.Tx.Check) would end the process on some broken pages.
func (s *fileSnapshot) sound() (all []string) {
	for _, name := range [][]byte{records, indexes, about} {
		b := s.tx.Bucket(name)
		var last []byte
		n, lost := 0, 0
		_ = b.ForEach(func(key, value []byte) error { // which ends with no error where none is returned
			if n++; n > 1 && bytes.Compare(last, key) >= 0 || !bytes.Equal(b.Get(key), value) {
				lost++
			}
			last = key
			return nil
		})
		if lost > 0 {
			all = append(all, fmt.Sprintf("bucket %s: %d keys are out of place", name, lost))
		}
		if pages := b.Stats().KeyN; pages != n {
			all = append(all, fmt.Sprintf("bucket %s: its pages have %d keys, walking through it finds %d", name, pages, n))
		}
	}
	return all
}

// withPostgresSnapshot reads in one transaction that sees one moment, and keeps nobody from writing.
func withPostgresSnapshot(ctx context.Context, place string, do func(snapshot) error) error {
	return withConn(ctx, place, func(conn *pgx.Conn) error {
		options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
		return pgx.BeginTxFunc(ctx, conn, options, func(tx pgx.Tx) error { return do(&postgresSnapshot{ctx, tx}) })
	})
}

// withConn connects to a database that has the tables of this build.
func withConn(ctx context.Context, place string, do func(*pgx.Conn) error) error {
	if err := CheckPlace(place); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	conn, err := pgx.Connect(ctx, place)
	if err != nil {
		return fmt.Errorf("store: %s: %w", Place(place), err)
	}
	var at *int
	err = conn.QueryRow(ctx, `SELECT max(version) FROM messiah_versions`).Scan(&at)
	switch {
	case err != nil:
		err = fmt.Errorf("there is no store: %w", err)
	case at == nil || *at != schemaVersion:
		err = errors.New("it has not the tables of this build; a db that is started on it brings them up to date")
	default:
		err = do(conn)
	}
	if err := errors.Join(err, conn.Close(context.WithoutCancel(ctx))); err != nil {
		return fmt.Errorf("store: %s: %w", Place(place), err)
	}
	return nil
}

// postgresSnapshot is a database in a transaction.
type postgresSnapshot struct {
	ctx context.Context
	tx  pgx.Tx
}

func (s *postgresSnapshot) count() (n int64, err error) {
	err = s.tx.QueryRow(s.ctx, `SELECT count(*) FROM messiah_records`).Scan(&n)
	return n, err
}

func (s *postgresSnapshot) floor() (uint64, error) {
	var n int64
	err := s.tx.QueryRow(s.ctx, `SELECT floor FROM messiah_floor`).Scan(&n)
	return uint64(n), err
}

func (s *postgresSnapshot) records(do func(key string, r *row, damage error) error) error {
	const all = `SELECT key, revision, class, entity, value, fields, finds FROM messiah_records ORDER BY key`
	rows, err := s.tx.Query(s.ctx, all)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, class, entity []byte
		var fields, values [][]byte
		var revision int64
		var r row
		if err := rows.Scan(&key, &revision, &class, &entity, &r.Value, &fields, &values); err != nil {
			return err
		}
		var damage error
		if revision <= 0 || len(entity) != 16 || len(fields) != len(values) {
			damage = ErrDamaged
		} else {
			r.Revision, r.Class, r.Entity, r.Index = uint64(revision), string(class), entityOf(entity), entries(fields, values)
		}
		if err := do(string(key), &r, damage); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *postgresSnapshot) entries(do func(class string, e proto.IndexEntry, key string, entity addr.EntityID) error) error {
	// The index has no entity of its own: what a query finds is the record's.
	rows, err := s.tx.Query(s.ctx, `SELECT i.class, i.field, i.value, i.key, COALESCE(r.entity, '')
		FROM messiah_index i LEFT JOIN messiah_records r USING (key)`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var class, field, value, key, entity []byte
		if err := rows.Scan(&class, &field, &value, &key, &entity); err != nil {
			return err
		}
		e := proto.IndexEntry{Field: string(field), Value: string(value)}
		if err := do(string(class), e, string(key), entityOf(entity)); err != nil {
			return err
		}
	}
	return rows.Err()
}

// sound leaves the pages to the server, which has tools of its own (pg_amcheck).
func (s *postgresSnapshot) sound() []string { return nil }
