package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"messiah/core/wire"
)

// A backup is a line that names the format, the records in the order of their
// keys, each behind its length in 4 bytes, a length of 0, the totals, and a
// SHA-256 sum of all before it.
const backupHead = "messiah store backup 1\n"

// maxSaved bounds one record in a backup, in bytes.
const maxSaved = 1 << 30

// Totals is what a backup has.
type Totals struct {
	Records int64  `json:"records"`
	Bytes   int64  `json:"bytes"` // of the file
	Floor   uint64 `json:"floor"`
}

// Code reads or writes the totals.
func (t *Totals) Code(c *wire.Coder) {
	c.Int64(&t.Records)
	c.Uint64(&t.Floor)
}

// saved is a record in a backup.
type saved struct {
	key string
	row row
}

func (s *saved) Code(c *wire.Coder) {
	c.String(&s.key)
	s.row.Code(c)
}

// Backup writes all that the store of a place has at one moment to a file, which
// is whole or not there at all. A damaged record ends it with an error.
func Backup(ctx context.Context, place, file string, progress Progress) (t Totals, err error) {
	temporary, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return t, fmt.Errorf("store: the backup cannot be written: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temporary.Name()))
		}
	}()
	w := &backupWriter{out: bufio.NewWriterSize(temporary, 1<<20), sum: sha256.New()}
	err = withSnapshot(ctx, place, func(s snapshot) error { return w.all(ctx, s, progress) })
	if err == nil {
		err = errors.Join(w.out.Flush(), temporary.Sync())
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return t, err
	}
	if err := os.Rename(temporary.Name(), file); err != nil {
		return t, fmt.Errorf("store: the backup cannot be written: %w", err)
	}
	w.Bytes = w.written
	return w.Totals, syncDirectory(filepath.Dir(file))
}

type backupWriter struct {
	Totals
	out     *bufio.Writer
	sum     hash.Hash
	written int64
}

func (w *backupWriter) write(b []byte) error {
	w.sum.Write(b)
	w.written += int64(len(b))
	_, err := w.out.Write(b)
	return err
}

func (w *backupWriter) all(ctx context.Context, s snapshot, progress Progress) error {
	count, err := s.count()
	if err != nil {
		return err
	}
	if w.Floor, err = s.floor(); err != nil {
		return err
	}
	if err := w.write([]byte(backupHead)); err != nil {
		return err
	}
	err = s.records(func(key string, r *row, damage error) error {
		if damage != nil {
			return fmt.Errorf("store: record %q: %w; messiah store check lists all", key, damage)
		}
		w.Records++
		progress(w.Records, count)
		return errors.Join(ctx.Err(), w.framed(wire.Append(nil, &saved{key, *r})))
	})
	if err == nil {
		err = w.framed(nil)
	}
	if err == nil {
		err = w.framed(wire.Append(nil, &w.Totals))
	}
	if err == nil {
		err = w.write(w.sum.Sum(nil))
	}
	return err
}

func (w *backupWriter) framed(b []byte) error {
	if len(b) > maxSaved {
		return fmt.Errorf("store: a record of %d bytes is too large for a backup", len(b))
	}
	return w.write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...))
}

// backupReader reads a backup, each record once.
type backupReader struct {
	in     *bufio.Reader
	sum    hash.Hash
	totals Totals
	seen   int64
}

// ErrNoBackup says that a file is something else than a backup.
var ErrNoBackup = errors.New("is no backup of a store")

// readBackup reads a whole backup and calls do with each record. What it was
// called with is to be trusted only if the error is nil.
func readBackup(file string, do func(key string, r *row) error) (Totals, error) {
	f, err := os.Open(file)
	if err != nil {
		return Totals{}, fmt.Errorf("store: %w", err)
	}
	r := &backupReader{in: bufio.NewReaderSize(f, 1<<20), sum: sha256.New()}
	err = r.all(do)
	if err = errors.Join(err, f.Close()); err != nil {
		return Totals{}, fmt.Errorf("store: %s: %w", file, err)
	}
	return r.totals, nil
}

func (r *backupReader) all(do func(key string, r *row) error) error {
	head, err := r.read(len(backupHead))
	if err != nil || string(head) != backupHead {
		return ErrNoBackup
	}
	for {
		b, err := r.framed()
		if err != nil {
			return err
		}
		if len(b) == 0 {
			return r.end()
		}
		var s saved
		if err := wire.Decode(b, &s); err != nil || !s.row.fits(s.key) || s.row.Revision == 0 {
			return fmt.Errorf("record %d: %w", r.seen+1, ErrDamaged)
		}
		r.seen++
		if err := do(s.key, &s.row); err != nil {
			return err
		}
	}
}

// end reads the totals and the sum behind the records.
func (r *backupReader) end() error {
	b, err := r.framed()
	if err != nil {
		return err
	}
	if err := wire.Decode(b, &r.totals); err != nil || r.totals.Records != r.seen {
		return ErrDamaged
	}
	want := string(r.sum.Sum(nil))
	got, err := r.read(sha256.Size)
	if err != nil {
		return err
	}
	if _, more := r.in.ReadByte(); string(got) != want || more != io.EOF {
		return fmt.Errorf("its sum is another one: %w", ErrDamaged)
	}
	return nil
}

func (r *backupReader) framed() ([]byte, error) {
	length, err := r.read(4)
	if err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(length)
	if n > maxSaved {
		return nil, ErrDamaged
	}
	return r.read(int(n))
}

// read returns the next bytes; memory is taken as they come, whatever the length says.
func (r *backupReader) read(n int) ([]byte, error) {
	var b []byte
	for len(b) < n {
		at := len(b)
		b = append(b, make([]byte, min(n-at, 1<<20))...)
		if _, err := io.ReadFull(r.in, b[at:]); err != nil {
			return nil, fmt.Errorf("it ends too early: %w", ErrDamaged)
		}
	}
	r.sum.Write(b)
	return b, nil
}
