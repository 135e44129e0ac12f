package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrNotEmpty says that a store has records, over which a backup is not restored unless that is wanted.
var ErrNotEmpty = errors.New("it has records")

// Restore makes the store of a place hold what a backup has, all of it or, after
// an error, what it held before. A store with records is replaced only by force.
// No db may run on it meanwhile.
func Restore(ctx context.Context, place, file string, force bool, progress Progress) (Totals, error) {
	totals, err := readBackup(file, func(string, *row) error { return ctx.Err() })
	if err != nil {
		return totals, err
	}
	load := restoreFile
	if IsPostgres(place) {
		load = restorePostgres
	}
	return totals, load(ctx, place, file, totals, force, progress)
}

// maxLoad bounds the records of one transaction that fills a file.
const maxLoad = 10000

// restoreFile fills a new file beside the store's and puts it in its place.
func restoreFile(ctx context.Context, place, file string, totals Totals, force bool, progress Progress) error {
	if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	held, err := holdFile(place, force)
	if err != nil {
		return err
	}
	fresh := place + ".restoring"
	err = os.Remove(fresh) // which an earlier try may have left
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err == nil {
		err = fillFile(ctx, fresh, file, totals, progress)
	}
	if err == nil {
		err = os.Rename(fresh, place)
	}
	if err == nil {
		err = syncDirectory(filepath.Dir(place))
	}
	if held != nil {
		err = errors.Join(err, held.Close())
	}
	return err
}

// holdFile keeps others from the file that is to be replaced; of none it returns nil.
func holdFile(place string, force bool) (*bolt.DB, error) {
	if _, err := os.Stat(place); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var held *bolt.DB
	err := guarded(place, func() (err error) {
		held, err = bolt.Open(place, 0o600, &bolt.Options{Timeout: lockWithin})
		return err
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("store: %s: %w", place, errInUse)
	case err != nil && force: // a file that cannot be opened is what a restore is for
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("store: %s: %w", place, err)
	case force:
		return held, nil
	}
	empty := true
	err = held.View(func(tx *bolt.Tx) error {
		if b := tx.Bucket(records); b != nil {
			key, _ := b.Cursor().First()
			empty = key == nil
		}
		return nil
	})
	if err == nil && !empty {
		err = fmt.Errorf("store: %s: %w", place, ErrNotEmpty)
	}
	if err != nil {
		return nil, errors.Join(err, held.Close())
	}
	return held, nil
}

func fillFile(ctx context.Context, fresh, file string, totals Totals, progress Progress) error {
	b, err := OpenBolt(fresh)
	if err != nil {
		return err
	}
	b.db.NoSync = true // it is synced once, at the end
	tx, err := b.db.Begin(true)
	if err != nil {
		return errors.Join(err, b.Close())
	}
	done := int64(0)
	_, err = readBackup(file, func(key string, r *row) error {
		if done++; done%maxLoad == 0 {
			if err := tx.Commit(); err != nil {
				return err
			}
			if tx, err = b.db.Begin(true); err != nil {
				return err
			}
		}
		progress(done, totals.Records)
		return errors.Join(ctx.Err(), openTables(tx).write(key, &row{}, r))
	})
	if err == nil {
		err = openTables(tx).setFloor(totals.Floor)
	}
	if err == nil {
		err = errors.Join(tx.Commit(), b.db.Sync())
	} else if tx != nil {
		err = errors.Join(err, tx.Rollback())
	}
	return errors.Join(err, b.Close())
}

// restorePostgres fills the tables in one transaction, which keeps a db from writing meanwhile.
func restorePostgres(ctx context.Context, place, file string, totals Totals, force bool, progress Progress) error {
	p, err := OpenPostgres(ctx, place) // makes the tables of an empty database
	if err != nil {
		return err
	}
	if err := p.Close(); err != nil {
		return err
	}
	return withConn(ctx, place, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if err := emptied(ctx, tx, force); err != nil {
				return err
			}
			return fillTables(ctx, tx, file, totals, progress)
		})
	})
}

func emptied(ctx context.Context, tx pgx.Tx, force bool) error {
	if _, err := tx.Exec(ctx, `LOCK TABLE messiah_records, messiah_index, messiah_floor IN ACCESS EXCLUSIVE MODE`); err != nil {
		return err
	}
	if force {
		_, err := tx.Exec(ctx, `TRUNCATE messiah_records, messiah_index`)
		return err
	}
	var some bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM messiah_records)`).Scan(&some); err != nil {
		return err
	}
	if some {
		return ErrNotEmpty
	}
	return nil
}

var (
	recordColumns = []string{"key", "revision", "class", "entity", "fields", "finds", "value"}
	indexColumns  = []string{"class", "field", "value", "key"}
)

// maxCopied bounds the records that are copied at once.
const maxCopied = 1000

func fillTables(ctx context.Context, tx pgx.Tx, file string, totals Totals, progress Progress) error {
	var rows, entries [][]any
	flush := func() error {
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"messiah_records"}, recordColumns, pgx.CopyFromRows(rows))
		if err == nil {
			_, err = tx.CopyFrom(ctx, pgx.Identifier{"messiah_index"}, indexColumns, pgx.CopyFromRows(entries))
		}
		rows, entries = rows[:0], entries[:0]
		return err
	}
	done := int64(0)
	_, err := readBackup(file, func(key string, r *row) error {
		fields, values := columns(r.Index)
		rows = append(rows, []any{
			[]byte(key), int64(r.Revision), []byte(r.Class), entityBytes(r.Entity), fields, values, append([]byte{}, r.Value...),
		})
		for _, e := range r.lookups() {
			entries = append(entries, []any{[]byte(r.Class), []byte(e.Field), []byte(e.Value), []byte(key)})
		}
		done++
		progress(done, totals.Records)
		if len(rows) == maxCopied {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if err == nil {
		_, err = tx.Exec(ctx, `UPDATE messiah_floor SET floor = $1`, int64(totals.Floor))
	}
	return err
}
