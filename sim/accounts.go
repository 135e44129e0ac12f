package sim

import (
	"crypto/sha256"

	"messiah/core/account"
	"messiah/core/dbm"
	"messiah/core/must"
	"messiah/core/proto"
)

// SetPassword makes an account with a password, or gives one another, as an
// operator does: the record is in the store at once, and the db is not told.
// Hashes cost next to nothing here.
func (s *Story) SetPassword(name, password string) {
	s.account(name, func(r *account.Record) {
		salt := sha256.Sum256([]byte("salt of " + name)) // the same in each run
		err := r.SetPassword(name, password, salt[:account.SaltSize], account.CheapCost())
		must.True(err == nil, "the password of %s: %v", name, err)
	})
}

// Block blocks an account until a time of the wall clock in nanoseconds since 1970, and
// tells it why; 0 blocks it no longer.
func (s *Story) Block(name string, until int64, reason string) {
	s.account(name, func(r *account.Record) { r.Until, r.Reason = until, reason })
}

func (s *Story) account(name string, change func(*account.Record)) {
	records, key := &s.stores[0].Records, proto.LoginKey(name)
	r := &account.Record{}
	there := records.Do(&proto.StoreGet{Key: key}).(*proto.StoreGot)
	if there.Revision > 0 {
		var err error
		r, err = dbm.AccountOf(there.Value)
		must.True(err == nil, "the account %s: %v", name, err)
	}
	change(r)
	did := records.Do(&proto.StorePut{Key: key, Revision: there.Revision, Value: dbm.AccountValue(r)}).(*proto.StoreDid)
	must.True(did.Revision > 0, "the account %s was not written", name)
}

// EverLoaded tells whether the store has a record of an account's avatar, in whatever hands:
// it has one as soon as a game wanted to load it.
func (w *World) EverLoaded(name string) bool {
	_, known := w.stores[0].rows[proto.AccountKey(name)]
	return known
}
