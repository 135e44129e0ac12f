package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"messiah/core/proto"
)

// lockWithin is how long another process that is just ending may take to let the file go.
const lockWithin = time.Second

// Bolt is a store in one bbolt file. All requests that wait go into one
// transaction, which is on the disk before any of them is answered.
type Bolt struct {
	db *bolt.DB
	queue
}

// OpenBolt opens the file at path, making it if it is not there. One process
// at a time has it; the error says so if another does.
func OpenBolt(path string) (*Bolt, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout: lockWithin,
		// The list of free pages is found again at the next opening, and not written with every commit.
		NoFreelistSync: true, FreelistType: bolt.FreelistMapType,
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("store: %s is in use by another process", path)
	}
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", path, err)
	}
	if err = db.Update(prepare); err == nil {
		err = syncDirectory(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: %s: %w", path, err), db.Close())
	}
	b := &Bolt{db: db}
	b.wake.L = &b.mu
	return b, nil
}

// syncDirectory makes the name of a new file as durable as what will be in it.
func syncDirectory(path string) error {
	if runtime.GOOS == "windows" {
		return nil // which does not open directories
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Start says where answers go, and begins to work.
func (b *Bolt) Start(answer func(frame []byte)) { b.start(answer, maxQueue, b.carryOut) }

// Take queues one request. A frame that is none is not answered.
func (b *Bolt) Take(frame []byte) { b.take(frame) }

// Close carries out what is queued, and closes the file.
func (b *Bolt) Close() error {
	b.close()
	if err := b.db.Close(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// carryOut does a batch in one transaction, a read-only one if nothing is to be
// written. A later request reads what an earlier one of the same batch has
// written, as it would if that were committed: none is answered before the
// commit, and if the commit fails all of them fail.
func (b *Bolt) carryOut(batch []request) {
	transact := b.db.View
	for i := range batch {
		if batch[i].writes() {
			transact = b.db.Update
			break
		}
	}
	err := transact(func(tx *bolt.Tx) error {
		t := openTables(tx)
		for i := range batch {
			if err := t.do(&batch[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for i := range batch {
			batch[i].fail()
		}
	}
}

// do carries one request out. An error is the transaction's: what cannot be done
// for the request's own sake fails it alone, before anything is written.
func (t *tables) do(r *request) error {
	if r.kind == proto.TypeStoreFind {
		t.list(r)
		return nil
	}
	if r.unfit {
		r.fail()
		return nil
	}
	there, err := t.read(r.key)
	floor := uint64(0)
	if err == nil && there.Revision == 0 {
		floor, err = t.floor()
	}
	if err != nil { // what is damaged is left for people to look at
		r.fail()
		return nil
	}
	switch {
	case r.kind == proto.TypeStoreGet:
		r.row, r.floor = there, floor
	case there.Revision != r.row.Revision:
		r.clash(there.Revision)
	case r.kind == proto.TypeStoreDelete:
		r.row = row{}
		return t.remove(r.key, &there)
	default:
		r.row.Revision = max(there.Revision, floor) + 1
		err := t.write(r.key, &there, &r.row)
		r.row = row{Revision: r.row.Revision}
		return err
	}
	return nil
}
