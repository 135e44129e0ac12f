// Package store keeps records in files for the database manager: a peer that
// answers by message, as everything outside a node does.
package store

// Store is a peer that answers encoded StoreGet and StorePut frames with
// encoded StoreGot and StoreDid frames, each request once.
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
