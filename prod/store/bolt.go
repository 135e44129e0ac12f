package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"messiah/core/proto"
	"messiah/core/wire"
)

// Bounds of a Bolt store.
const (
	// Requests that wait; one that comes at the bound is answered Failed.
	maxQueue      = 1 << 13
	maxQueueBytes = 64 << 20

	lockWithin = time.Second // another process that is just ending may take so long to let the file go
)

// records is the one bucket: key to revision, 8 bytes, and value.
var records = []byte("records")

// Bolt is a store in one bbolt file. All puts that wait go into one
// transaction, which is on the disk before any of them is answered.
type Bolt struct {
	db     *bolt.DB
	answer func(frame []byte)
	done   chan struct{} // closed when the worker has ended; nil before Start

	mu      sync.Mutex
	wake    sync.Cond
	queue   []request
	bytes   int
	closing bool
}

// request is one decoded frame, and later its answer.
type request struct {
	put      bool
	num      uint64
	key      string
	revision uint64
	value    []byte // of a put; of the answer to a get

	conflict, failed bool
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
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(records)
		return err
	})
	if err == nil {
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
func (b *Bolt) Start(answer func(frame []byte)) {
	b.answer, b.done = answer, make(chan struct{})
	go b.work()
}

// Take queues one request. A frame that is none is not answered.
func (b *Bolt) Take(frame []byte) {
	r, ok := parse(frame)
	if !ok {
		return
	}
	b.mu.Lock()
	full := len(b.queue) >= maxQueue || b.bytes >= maxQueueBytes
	if !full && !b.closing {
		b.queue = append(b.queue, r)
		b.bytes += len(r.key) + len(r.value)
		b.wake.Signal()
	}
	refuse := full && !b.closing
	b.mu.Unlock()
	if refuse {
		r.fail()
		b.answer(r.frame())
	}
}

// Close carries out what is queued, and closes the file.
func (b *Bolt) Close() error {
	b.mu.Lock()
	b.closing = true
	b.wake.Signal()
	b.mu.Unlock()
	if b.done != nil {
		<-b.done
	}
	if err := b.db.Close(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// work carries requests out, all that wait at once, until the store closes.
func (b *Bolt) work() {
	defer close(b.done)
	var batch []request
	for {
		clear(batch)
		b.mu.Lock()
		for len(b.queue) == 0 && !b.closing {
			b.wake.Wait()
		}
		batch, b.queue, b.bytes = b.queue, batch[:0], 0
		b.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		b.carryOut(batch)
		for i := range batch {
			b.answer(batch[i].frame())
		}
	}
}

// carryOut does a batch in its order, in one transaction. A get behind a put
// waits for the disk too: it may have read what is not written yet.
func (b *Bolt) carryOut(batch []request) {
	transact := b.db.View
	for i := range batch {
		if batch[i].put {
			transact = b.db.Update
			break
		}
	}
	err := transact(func(tx *bolt.Tx) error {
		bucket := tx.Bucket(records)
		for i := range batch {
			batch[i].do(bucket)
		}
		return nil
	})
	if err != nil {
		for i := range batch {
			batch[i].fail()
		}
	}
}

func (r *request) do(bucket *bolt.Bucket) {
	revision, value := split(bucket.Get([]byte(r.key)))
	switch {
	case !r.put:
		// The record is the database's own memory, and only until the transaction ends.
		r.revision, r.value = revision, append([]byte(nil), value...)
	case revision != r.revision:
		r.revision, r.value, r.conflict = revision, nil, true
	default:
		r.revision++
		record := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+len(r.value)), r.revision)
		if err := bucket.Put([]byte(r.key), append(record, r.value...)); err != nil {
			r.fail()
		}
		r.value = nil
	}
}

// fail makes the answer one that promises nothing.
func (r *request) fail() {
	r.failed, r.conflict, r.revision, r.value = true, false, 0, nil
}

// split parts a record; none, or one too short to be ours, is revision 0.
func split(record []byte) (revision uint64, value []byte) {
	if len(record) < 8 {
		return 0, nil
	}
	return binary.LittleEndian.Uint64(record), record[8:]
}

// parse decodes a request.
func parse(frame []byte) (r request, ok bool) {
	f, _, err := wire.Split(frame)
	if err != nil {
		return r, false
	}
	switch f.Type {
	case proto.TypeStoreGet:
		var m proto.StoreGet
		err = wire.Decode(f.Payload, &m)
		r = request{num: m.Num, key: m.Key}
	case proto.TypeStorePut:
		var m proto.StorePut
		err = wire.Decode(f.Payload, &m)
		r = request{put: true, num: m.Num, key: m.Key, revision: m.Revision, value: m.Value}
	default:
		return r, false
	}
	return r, err == nil
}

// frame encodes the answer.
func (r *request) frame() []byte {
	if r.put {
		m := proto.StoreDid{Num: r.num, Revision: r.revision, Conflict: r.conflict, Failed: r.failed}
		return wire.AppendFrame(nil, m.Type(), 0, nil, wire.Append(nil, &m))
	}
	m := proto.StoreGot{Num: r.num, Revision: r.revision, Value: r.value, Failed: r.failed}
	return wire.AppendFrame(nil, m.Type(), 0, nil, wire.Append(nil, &m))
}
