package model

import "fmt"

// Case is one search of the model.
type Case struct {
	Name     string
	Games    int
	Settings string
	Small    bool // goes through in a second or so
}

// Cases are the searches that `make model` makes. Without a word about them, a client, a proxy
// and a mailbox send one message each, at any time.
func Cases() []Case {
	return []Case{
		{"nothing fails", 2, "", true},
		{"pairs of messages", 2, "clients=2 proxies=2 mails=2", true},
		{"pairs, source dies", 2, "clients=2 proxies=0 mails=2 crashes=1 crashable=1", false},
		{"source dies", 2, "crashes=1 crashable=1", true},
		{"target dies", 2, "crashes=1 crashable=2", true},
		{"arbiter dies", 2, "crashes=1 crashable=4", true},
		{"other gate dies", 2, "crashes=1 crashable=8", true},
		{"arbiter is called dead while it runs", 2, "verdicts=1 crashes=1 disconnects=1", false},
		{"given up", 2, "give_ups=1", true},
		{"given up, one dies", 2, "give_ups=1 crashes=1", false},
		{"refused, unreadable, unfit, a link full", 2, "refusals=1 unready=1 unfit=1 fulls=1 crashes=1", false},
		{"disconnected, held too long", 2, "disconnects=1 bounds=1 crashes=1 mails=0", false},
		{"saved, one dies", 2, "saves=1 crashes=1", false},
		{"saved and logged in elsewhere, one dies", 2, "saves=1 logins=1 crashes=1 clients=0 mails=0", true},
		{"sends by another gate, one dies", 2, "pushes=2 crashes=1 clients=0 proxies=0", true},
		{"asked again early", 2, "early=1 crashes=1 clients=0 proxies=0", true},
		{"two die", 2, "crashes=2 proxies=0", false},
		{"two die, saved and given up", 2, "crashes=2 saves=1 give_ups=1 clients=0 proxies=0 mails=0", true},
		{"two die, logged in elsewhere", 2, "crashes=2 logins=1 saves=1 clients=0 proxies=0 mails=0", true},
		{"there and back", 2, "migrations=3 crashes=1 clients=0 proxies=0 mails=0", true},
		{"there and back, two die", 2, "migrations=2 crashes=2 give_ups=1 clients=0 proxies=0 mails=0", false},
		{"there and back, messages", 2, "migrations=2 crashes=1 pushes=1 proxies=0 mails=0", false},
		{"no record, one dies", 2, "records=0 crashes=1", false},
		{"no record, two die", 2, "records=0 crashes=2 give_ups=1 clients=0 proxies=0", false},
		{"no record, chain, one dies", 3, "records=0 migrations=2 crashes=1 clients=0 proxies=0 mails=0", false},
		{"chain, one dies", 3, "migrations=2 crashes=1 proxies=0 mails=0", false},
		{"chain, two die", 3, "migrations=2 crashes=2 clients=0 proxies=0 mails=0", false},
		{"chain and given up, two die", 3, "migrations=2 crashes=2 give_ups=1 clients=0 proxies=0 mails=0", false},
	}
}

// Plant is an error put into the model, as plant=N of names.h, and a search that must find it.
type Plant struct {
	Number   int
	Name     string
	Games    int
	Settings string
}

// Plants are the errors that the model must notice: one that cannot fail proves nothing.
func Plants() []Plant {
	return []Plant{
		{1, "the target is cancelled before the source has thawed", 2, "crashes=1 give_ups=1"},
		{2, "the db does not note who expects a record", 2, "crashes=1 logins=1"},
		{3, "a late answer is taken for one of this try", 2, "give_ups=1 migrations=2"},
		{4, "the target's copy is thrown away with its dead source", 2, "crashes=1"},
		{5, "the source forgets the entity when it sends commit", 2, "crashes=1"},
		{6, "a target that dies before its word takes the entity with it", 2, "crashes=1"},
		{7, "the target sends by other gates before it is heard", 2, "pushes=1 crashes=1 mails=0"},
		{8, "commit does not wait for the other gates", 2, "pushes=2 mails=0"},
		{9, "a proxy's call overtakes what is held", 2, ""},
		{10, "past a dead arbiter and target the source does not ask the db", 2, "crashes=2 saves=1 mails=0 proxies=0"},
		{11, "an adopting target does not wait for the source's sends", 2, "crashes=1 pushes=2 mails=0 proxies=0"},
		{12, "a target whose arbiter is dead asks only once", 2, "crashes=1"},
		{13, "a reservation outlives its arbiter", 2, "crashes=1"},
		{14, "what was held too long is dropped untold", 2, "bounds=1"},
		{15, "what came by mailbox for a frozen entity is dropped", 2, ""},
		{0, "(so it is) nothing fences an entity without a record", 3, "records=0 crashes=2 migrations=2 clients=0 proxies=0 mails=0"},
		{16, "a record is given away that a live game expects", 3, "crashes=2 migrations=2 clients=0 proxies=0 mails=0"},
		{17, "and so to a target that was left behind by an abort", 3, "crashes=2 migrations=2 give_ups=1 clients=0 proxies=0 mails=0"},
	}
}

// Set returns the settings with the error in them.
func (p *Plant) Set() string { return fmt.Sprintf("plant=%d %s", p.Number, p.Settings) }
