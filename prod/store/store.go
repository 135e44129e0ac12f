// Package store keeps records in a file or in a PostgreSQL database for the
// database manager: a peer that answers by message, as everything outside a node does.
package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Store is a peer that answers encoded StoreGet, StorePut, StoreDelete and
// StoreFind frames with encoded StoreGot, StoreDid and StoreListed frames, each
// request once and in their order.
type Store interface {
	// Start says where answers go; it is called once, before the first Take.
	// The answer function copies its frame, never blocks, and may be called from any goroutine.
	Start(answer func(frame []byte))
	// Take queues one request, copying the frame, and never blocks. At the
	// store's bound the request is answered Failed at once.
	Take(frame []byte)
	// Close carries out what is queued, and gives the files back. No answer is given after it.
	Close() error
}

// Open opens the store of a place: a file, made with its directory if it is not
// there, or the database of an address like postgres://user:password@host:5432/name.
func Open(ctx context.Context, place string) (Store, error) {
	if IsPostgres(place) {
		return OpenPostgres(ctx, place)
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return OpenBolt(place)
}
