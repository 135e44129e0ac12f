package scenarios

import (
	"slices"
	"time"

	"messiah/core/account"
	"messiah/core/client"
	"messiah/core/proto"
	"messiah/sim"
	"messiah/sim/choice"
)

// passwords has accounts with a password: the right one leads in, a wrong one nowhere,
// and a blocked account is told why, whatever becomes of db, games and gates meanwhile.
func passwords() *sim.Scenario {
	game := Town()
	game.Passwords = true
	return &sim.Scenario{
		Name:  "passwords",
		About: "Without its password nobody gets into an account or takes its place, and a blocked account learns why.",
		Marks: []string{"wrong-password", "login-of-a-blocked-account", "password-tried-too-often"},
		Game:  game,
		Options: func(o *sim.Options, s choice.Stream) {
			anyCluster(o, s)
			o.Clients = 0
			o.StoreFail = choice.Pick(s, "store-fail", storeTroubles())
		},
		Play: func(s *sim.Story) {
			s.SessionsMayEnd()
			for _, name := range []string{"ann", "bob"} {
				s.SetPassword(name, "the password of "+name)
			}
			s.Open()
			d := door{Story: s}
			d.ownersGetIn()
			d.guessersDoNot()
			d.theBlockedAreTold()
			d.guessersLeave()
		},
	}
}

// door is the story of who gets in.
type door struct {
	*sim.Story
	ann, bob *sim.Player
	guessers []*sim.Player
}

// knocks starts a client of an account.
func (d *door) knocks(name, password string) *sim.Player {
	p := d.NewPlayer(name, func(c *client.Config) { c.Credentials, c.StayKicked = password, true })
	p.Start()
	return p
}

// guesses starts a client that does not know the password.
func (d *door) guesses(name, password string) *sim.Player {
	p := d.knocks(name, password)
	d.guessers = append(d.guessers, p)
	return p
}

// refused waits until a client was told that reason, and did not get in.
func (d *door) refused(p *sim.Player, why proto.Refusal) {
	d.Must(p.Account()+" is refused: "+why.String(), func() bool {
		st := p.Status()
		return st.Refused.Reason == why || st.Logins > 0
	}, 120*time.Second)
	if p.Status().Logins > 0 {
		d.Violate("admission", "%v got in as %s, and was to be refused: %v", p.ID(), p.Account(), why)
	}
}

// doorFaults are those after which the one who knocks still does, and nobody else without a password.
func doorFaults() []sim.FaultKind {
	return slices.DeleteFunc(sim.FaultKinds("login"), func(kind sim.FaultKind) bool {
		return kind == sim.CrashClient || kind == sim.SecondLogin
	})
}

func (d *door) ownersGetIn() {
	d.ann = d.NewPlayer("ann", func(c *client.Config) { c.Credentials = "the password of ann" })
	if d.Pick("hurt", 2) == 1 {
		step := choice.Pick(d.Draw(), "step", sim.StepNames("login"))
		kind := choice.Pick(d.Draw(), "kind", doorFaults())
		d.Strike("login", step, kind, d.ann)
	}
	d.ann.Start()
	d.bob = d.knocks("bob", "the password of bob")
	d.Must("ann and bob are in", func() bool { return d.ann.In() && d.bob.In() }, 120*time.Second)
}

// guessersDoNot: neither who is in nor who was never there is to be had.
func (d *door) guessersDoNot() {
	thief := d.guesses("ann", "the password of bob")
	nobody := d.guesses("eve", "the password of eve")
	d.Wait("before", 2*time.Second)
	switch d.Pick("loses", 4) {
	case 1:
		d.Crash(sim.DBID, 300*time.Millisecond)
	case 2:
		d.Crash(sim.GameID(1), 300*time.Millisecond)
	case 3:
		d.Crash(sim.GateID(1), 300*time.Millisecond)
	}
	d.refused(thief, proto.RefusedCredentials)
	d.refused(nobody, proto.RefusedCredentials)
	d.refused(nobody, proto.RefusedTooOften)
}

func (d *door) theBlockedAreTold() {
	d.bob.Leave()
	d.Must("bob has left", func() bool { return !d.bob.Runs() }, 60*time.Second)
	d.Block("bob", account.Forever, "sold what was not his")
	d.bob = d.knocks("bob", "the password of bob")
	d.refused(d.bob, proto.RefusedBlocked)
	if said := d.bob.Status(); said.Refused.Text != "sold what was not his" || said.Logins > 0 {
		d.Violate("admission", "bob is blocked, and was told %q after %d logins", said.Refused.Text, said.Logins)
	}
	d.refused(d.guesses("bob", "the password of ann"), proto.RefusedCredentials) // that it is blocked is not for everybody
	d.guessersLeave()
	d.Block("bob", 0, "")
	d.Must("bob is in again", d.bob.In, 120*time.Second)
}

// guessersLeave ends the guessers, none of which ever got in.
func (d *door) guessersLeave() {
	for _, p := range d.guessers {
		if st := p.Status(); st.Logins > 0 {
			d.Violate("admission", "%v got in as %s without the password", p.ID(), p.Account())
		}
		p.Leave()
	}
	d.guessers = nil
	if d.EverLoaded("eve") {
		d.Violate("admission", "an avatar was loaded for an account that is not there")
	}
}
