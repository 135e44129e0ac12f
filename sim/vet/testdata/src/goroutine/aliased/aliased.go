// Package aliased reaches locks without importing package sync.
package aliased

import "elsewhere"

type room struct {
	elsewhere.Lock
	other elsewhere.Lock
}

func (r *room) enter() {
	r.Lock.Lock()         // want `sync.Mutex.Lock belongs to sync`
	r.other.Unlock()      // want `sync.Mutex.Unlock belongs to sync`
	defer r.Unlock()      // want `sync.Mutex.Unlock belongs to sync`
	elsewhere.Wait.Wait() // want `sync.WaitGroup.Wait belongs to sync`
	try := r.TryLock      // want `sync.Mutex.TryLock belongs to sync`
	_ = try
}
