package prod

import (
	"errors"
	"fmt"
	"time"

	"messiah/core/node"
	"messiah/core/record"
)

// ErrNotRecorded is Recording's answer where Role.Record is 0.
var ErrNotRecorded = errors.New("prod: the role keeps no recording")

// Recording returns what the flight recorder has of this life; the loop stands
// still while it is copied. It fails with ErrNotRecorded, where the state is over
// the recorder's bound, and where the process has ended.
func (p *Process) Recording() (rec *record.Recording, err error) {
	recorder, ok := p.role.Host.Tape.(*record.Recorder)
	if !ok {
		return nil, ErrNotRecorded
	}
	err = fmt.Errorf("prod: %v has ended", p.role.Host.Self)
	p.Do(func(*node.Host) {
		if rec, ok = recorder.Take(time.Now().UnixNano()); ok {
			err = nil
			return
		}
		err = fmt.Errorf("prod: the state of %v is over %d MiB, which is more than is recorded", p.role.Host.Self, record.MaxSnapshot>>20)
	})
	return rec, err
}
