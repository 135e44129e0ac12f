package dbm

import (
	"time"

	"messiah/core/account"
	"messiah/core/must"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
)

// Bounds of the checks of passwords.
const (
	MaxChecks  = 1 << 8  // under way; a login over it is refused as busy
	MaxFailing = 1 << 14 // accounts with wrong tries; the oldest is forgotten for a new one, which costs a guesser that many hashes

	// FailBurst wrong tries of one account in a row are looked at, and then one each FailEvery.
	FailBurst = 5
	FailEvery = 10 * time.Second
)

// verification is one check of a password under way: first its account is read,
// then a lane does the hashing.
type verification struct {
	from   node.Peer // the game that passed it on
	ask    proto.Verify
	hashes bool  // its account was read, and the lane is at work
	until  int64 // of the account's block
	reason string
}

func (v *verification) Code(c *wire.Coder) {
	v.from.Code(c)
	c.Struct(&v.ask)
	c.Bool(&v.hashes)
	c.Int64(&v.until)
	c.String(&v.reason)
}

// verify begins to check a password. A try is counted as a wrong one until it is known for a right one,
// so that many at once get no further than one after the other.
func (d *DB) verify(env *node.Env, from node.Peer, m *proto.Verify) {
	v := &verification{from: from, ask: *m}
	switch {
	case env.Lanes() == 0 || len(d.checks) >= MaxChecks:
		env.Mark("password-checks-at-bound")
		d.verified(env, v, &proto.Verified{Reason: proto.RefusedBusy})
	case m.Account == "" || len(m.Account) > proto.MaxName || len(m.Digest) != account.DigestSize:
		d.verified(env, v, &proto.Verified{Reason: proto.RefusedCredentials})
	default:
		if wait := d.spend(env.Now(), m.Account); wait > 0 {
			env.Mark("password-tried-too-often")
			d.verified(env, v, &proto.Verified{Reason: proto.RefusedTooOften, RetryAfter: wait})
			return
		}
		op := d.begin(env)
		d.checks[op] = v
		d.toStore(env, &proto.StoreGet{Num: op, Key: proto.LoginKey(m.Account)})
	}
}

// spend takes one try from the bucket of an account, or says how long it has to wait.
func (d *DB) spend(now node.Time, name string) (wait time.Duration) {
	at, _ := d.failing.Get(name)
	full, wait := at.Spend(now, FailBurst, FailEvery)
	if wait > 0 {
		return wait
	}
	if at == 0 && d.failing.Len() >= MaxFailing {
		oldest, _, _ := d.failing.First()
		d.failing.Delete(oldest)
	}
	d.failing.Set(name, full)
	return 0
}

// refund gives one try back that was no guess.
func (d *DB) refund(name string) {
	if at, has := d.failing.Get(name); has {
		d.failing.Set(name, at.Add(-FailEvery))
	}
}

// accountRead hands a password and what the store has of its account to a lane; false
// says that the answer is about something else. Where there is no account the lane
// hashes all the same: how long it takes does not tell.
func (d *DB) accountRead(env *node.Env, m *proto.StoreGot) bool {
	v := d.checks[m.Num]
	if v == nil {
		return false
	}
	if v.hashes {
		env.Mark("store-answer-without-question") // it came twice
		return true
	}
	env.Cancel(timerStore, m.Num)
	if m.Failed {
		d.cannotVerify(env, m.Num, v)
		return true
	}
	v.hashes = true
	task := hashing{Digest: v.ask.Digest}
	if m.Revision > 0 {
		rec, err := AccountOf(m.Value)
		if err != nil {
			env.Log(node.Error, "a stored account cannot be read", "account", v.ask.Account, "error", err)
			d.cannotVerify(env, m.Num, v)
			return true
		}
		task.Known, task.Record = true, *rec
		v.until, v.reason = rec.Until, rec.Reason
	}
	env.Offload(int(m.Num%uint64(env.Lanes())), &node.Input{Num: m.Num, Body: env.Encode(&task)})
	return true
}

// cannotVerify ends a check whose account could not be read.
func (d *DB) cannotVerify(env *node.Env, op uint64, v *verification) {
	delete(d.checks, op)
	d.refund(v.ask.Account)
	d.verified(env, v, &proto.Verified{Reason: proto.RefusedStore})
}

// hashed hears from a lane whether a password is the right one. That an account is
// blocked is told to those alone who know its password.
func (d *DB) hashed(env *node.Env, in *node.Input) {
	v := d.checks[in.Num]
	must.True(v != nil, "a lane answers check %d, which is none", in.Num)
	delete(d.checks, in.Num)
	answer := proto.Verified{Reason: proto.RefusedCredentials}
	if in.Type == passwordRight {
		d.failing.Delete(v.ask.Account)
		answer.Reason = proto.RefusedNone
		if wall := env.Wall(); wall < v.until {
			env.Mark("login-of-a-blocked-account")
			answer.Reason, answer.Text = proto.RefusedBlocked, v.reason
			if v.until != account.Forever {
				answer.Until = v.until / int64(time.Second)
			}
		}
	} else {
		env.Mark("wrong-password")
	}
	d.verified(env, v, &answer)
}

func (d *DB) verified(env *node.Env, v *verification, m *proto.Verified) {
	m.Gate, m.Client, m.Num = v.ask.Gate, v.ask.Client, v.ask.Num
	if m.Reason != proto.RefusedNone {
		d.refusals++
	}
	d.answer(env, v.from, m)
}

// codeChecks reads or writes the checks under way and the accounts with wrong tries, in their order.
func (d *DB) codeChecks(c *wire.Coder) {
	wire.Map(c, &d.checks, (*wire.Coder).Uint64, func(c *wire.Coder, v **verification) {
		if *v == nil {
			*v = &verification{}
		}
		c.Struct(*v)
	})
	wire.Ordered(c, &d.failing, func(c *wire.Coder, name *string, full *node.Time) {
		c.String(name)
		c.Int64((*int64)(full))
	})
}
