package stores

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"messiah/core/addr"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/sim"
)

// alike compares answers: index entries may come in any order, and no bytes are as good as none.
var alike = gocmp.Options{
	gocmp.Transformer("bytes", func(b []byte) string { return string(b) }),
	gocmp.Transformer("entries", func(index []proto.IndexEntry) string { return fmt.Sprint(sorted(index)) }),
	gocmp.Transformer("found", func(f []proto.FoundRecord) string { return fmt.Sprint(f) }),
}

func sorted(index []proto.IndexEntry) []proto.IndexEntry {
	index = slices.Clone(index)
	slices.SortFunc(index, func(a, b proto.IndexEntry) int {
		return cmp.Or(strings.Compare(a.Field, b.Field), strings.Compare(a.Value, b.Value))
	})
	return slices.Compact(index)
}

func wants(t *testing.T, about string, want, got node.Message) {
	t.Helper()
	if diff := gocmp.Diff(any(want), any(got), alike); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", about, diff)
	}
}

// fact is a request and the answer that every store gives to it.
type fact struct {
	about  string
	ask    node.Message
	answer node.Message
	reopen bool
}

func hold(t *testing.T, p peer, facts []fact) {
	t.Helper()
	for _, f := range facts {
		if f.reopen {
			p.reopen()
		}
		wants(t, f.about, f.answer, p.ask(f.ask))
	}
}

func index(pairs ...string) (all []proto.IndexEntry) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, proto.IndexEntry{Field: pairs[i], Value: pairs[i+1]})
	}
	return all
}

func found(keys ...string) (all []proto.FoundRecord) {
	for _, key := range keys {
		all = append(all, proto.FoundRecord{Key: key, Entity: id(key)})
	}
	return all
}

// id is the entity of the record of a key.
func id(key string) addr.EntityID {
	return addr.EntityID{Maker: 1<<63 + node.Incarnation(len(key)), N: uint64(key[0])}
}

func TestPutsAreMadeUnderTheRevisionThatStands(t *testing.T) {
	facts := []fact{
		{about: "a record that does not exist has revision 0", ask: &proto.StoreGet{Num: 1, Key: "a"}, answer: &proto.StoreGot{Num: 1}},
		{about: "revision 0 makes a record",
			ask: &proto.StorePut{Num: 2, Key: "a", Value: []byte("one")}, answer: &proto.StoreDid{Num: 2, Revision: 1}},
		{about: "and makes it once",
			ask: &proto.StorePut{Num: 3, Key: "a", Value: []byte("two")}, answer: &proto.StoreDid{Num: 3, Revision: 1, Conflict: true}},
		{about: "a conflict changes nothing",
			ask: &proto.StoreGet{Num: 4, Key: "a"}, answer: &proto.StoreGot{Num: 4, Revision: 1, Value: []byte("one")}},
		{about: "the revision that stands is replaced",
			ask: &proto.StorePut{Num: 5, Key: "a", Revision: 1, Value: []byte("\x00\xff three")}, answer: &proto.StoreDid{Num: 5, Revision: 2}},
		{about: "a revision that never was is a conflict",
			ask: &proto.StorePut{Num: 6, Key: "a", Revision: 9}, answer: &proto.StoreDid{Num: 6, Revision: 2, Conflict: true}},
		{about: "one that no number of the store can be as well",
			ask: &proto.StorePut{Num: 7, Key: "a", Revision: 1<<64 - 1}, answer: &proto.StoreDid{Num: 7, Revision: 2, Conflict: true}},
		{about: "a put of a record that is not there is a conflict with none",
			ask: &proto.StorePut{Num: 8, Key: "z", Revision: 3}, answer: &proto.StoreDid{Num: 8, Conflict: true}},
		{about: "another record is another revision",
			ask: &proto.StorePut{Num: 9, Key: "b", Value: []byte{}}, answer: &proto.StoreDid{Num: 9, Revision: 1}},
		{about: "an empty value is a record", ask: &proto.StoreGet{Num: 10, Key: "b"}, answer: &proto.StoreGot{Num: 10, Revision: 1}},
		{about: "a key is bytes",
			ask: &proto.StorePut{Num: 11, Key: "\x00\xff'", Value: []byte("k")}, answer: &proto.StoreDid{Num: 11, Revision: 1}},
		{about: "a key that no record can have fails alone",
			ask: &proto.StorePut{Num: 12, Key: "", Value: []byte("x")}, answer: &proto.StoreDid{Num: 12, Failed: true}},
		{about: "and so does one that is too long",
			ask: &proto.StorePut{Num: 13, Key: strings.Repeat("k", proto.MaxKey+1)}, answer: &proto.StoreDid{Num: 13, Failed: true}},
		{about: "the longest key is a key",
			ask: &proto.StorePut{Num: 14, Key: strings.Repeat("k", proto.MaxKey)}, answer: &proto.StoreDid{Num: 14, Revision: 1}},
		{about: "all of it is there after another opening", reopen: true,
			ask: &proto.StoreGet{Num: 15, Key: "a"}, answer: &proto.StoreGot{Num: 15, Revision: 2, Value: []byte("\x00\xff three")}},
		{about: "whatever the key", ask: &proto.StoreGet{Num: 16, Key: "\x00\xff'"}, answer: &proto.StoreGot{Num: 16, Revision: 1, Value: []byte("k")}},
	}
	each(t, func(t *testing.T, p peer) { hold(t, p, facts) })
}

func TestDeletedRecords(t *testing.T) {
	facts := []fact{
		{about: "what is not there is deleted", ask: &proto.StoreDelete{Num: 1, Key: "a"}, answer: &proto.StoreDid{Num: 1}},
		{about: "unless it was to be there", ask: &proto.StoreDelete{Num: 2, Key: "a", Revision: 1}, answer: &proto.StoreDid{Num: 2, Conflict: true}},
		{about: "a record", ask: &proto.StorePut{Num: 3, Key: "a", Class: "c", Index: index("f", "v")}, answer: &proto.StoreDid{Num: 3, Revision: 1}},
		{about: "of a second revision", ask: &proto.StorePut{Num: 4, Key: "a", Revision: 1, Class: "c", Index: index("f", "v")},
			answer: &proto.StoreDid{Num: 4, Revision: 2}},
		{about: "is not deleted under the first", ask: &proto.StoreDelete{Num: 5, Key: "a", Revision: 1},
			answer: &proto.StoreDid{Num: 5, Revision: 2, Conflict: true}},
		{about: "but under its own", ask: &proto.StoreDelete{Num: 6, Key: "a", Revision: 2}, answer: &proto.StoreDid{Num: 6}},
		{about: "and is gone", reopen: true, ask: &proto.StoreGet{Num: 7, Key: "a"}, answer: &proto.StoreGot{Num: 7, Floor: 2}},
		{about: "with its index", ask: &proto.StoreFind{Num: 8, Class: "c"}, answer: &proto.StoreListed{Num: 8}},
		{about: "a put that was meant for it is a conflict", ask: &proto.StorePut{Num: 9, Key: "a", Revision: 2},
			answer: &proto.StoreDid{Num: 9, Conflict: true}},
		{about: "a new one begins above the old", ask: &proto.StorePut{Num: 10, Key: "a"}, answer: &proto.StoreDid{Num: 10, Revision: 3}},
		{about: "so that what was meant for the old one does not hit it", ask: &proto.StorePut{Num: 11, Key: "a", Revision: 2},
			answer: &proto.StoreDid{Num: 11, Revision: 3, Conflict: true}},
	}
	each(t, func(t *testing.T, p peer) { hold(t, p, facts) })
}

func TestQueriesFindWhatIsCommitted(t *testing.T) {
	put := func(num uint64, key string, revision uint64, class string, entries ...string) fact {
		return fact{about: "put of " + key,
			ask: &proto.StorePut{
				Num: num, Key: key, Revision: revision, Class: class, Entity: id(key), Index: index(entries...), Value: []byte(key),
			},
			answer: &proto.StoreDid{Num: num, Revision: revision + 1}}
	}
	find := func(about, class, field, value string, keys ...string) fact {
		return fact{about: about, ask: &proto.StoreFind{Num: 1, Class: class, Field: field, Value: value},
			answer: &proto.StoreListed{Num: 1, Keys: found(keys...)}}
	}
	nul := "\x00\xff"
	facts := []fact{
		put(1, "b", 0, "avatar", "guild", "red", "level", "7"),
		put(2, "a", 0, "avatar", "guild", "red"),
		put(3, "c", 0, "avatar", "guild", "redder"),
		put(4, "d", 0, "avatarguild", "", "red"),
		put(5, "e", 0, "", "guild", "red"),
		put(6, "f", 0, nul, nul, nul, nul, nul),
		find("in the order of keys", "avatar", "guild", "red", "a", "b"),
		find("not what begins alike", "avatar", "guild", "redd"),
		find("the whole class", "avatar", "", "", "a", "b", "c"),
		find("whatever the value where there is no field", "avatar", "", "red", "a", "b", "c"),
		find("a class that begins alike is another", "avatarguild", "", "", "d"),
		find("an entry without field is none", "avatarguild", "", "red", "d"),
		find("a record without class is not found", "", "guild", "red"),
		find("bytes are bytes", nul, nul, nul, "f"),
		find("too long is not there", "avatar", "guild", strings.Repeat("x", 5000)),
		{about: "a record says what it is found by", ask: &proto.StoreGet{Num: 1, Key: "b"}, answer: &proto.StoreGot{
			Num: 1, Revision: 1, Value: []byte("b"), Class: "avatar", Index: index("guild", "red", "level", "7")}},
		put(7, "b", 1, "avatar", "guild", "blue"),
		find("an entry that was replaced finds nothing", "avatar", "guild", "red", "a"),
		find("nor one that is no more", "avatar", "level", "7"),
		find("the new one does", "avatar", "guild", "blue", "b"),
		put(8, "a", 1, "monster", "guild", "red"),
		find("a record of another class is found there", "monster", "guild", "red", "a"),
		find("and not here", "avatar", "guild", "red"),
		{about: "after another opening as well", reopen: true, ask: &proto.StoreFind{Num: 1, Class: "avatar"},
			answer: &proto.StoreListed{Num: 1, Keys: found("b", "c")}},
		{about: "a conflict changes no index", ask: &proto.StorePut{Num: 9, Key: "c", Revision: 7, Class: "avatar", Index: index("guild", "x")},
			answer: &proto.StoreDid{Num: 9, Revision: 1, Conflict: true}},
		find("as before", "avatar", "guild", "redder", "c"),
		{about: "up to the limit", ask: &proto.StoreFind{Num: 1, Class: "avatar", Limit: 1},
			answer: &proto.StoreListed{Num: 1, Keys: found("b"), More: true}},
		{about: "which may be just enough", ask: &proto.StoreFind{Num: 1, Class: "avatar", Limit: 2},
			answer: &proto.StoreListed{Num: 1, Keys: found("b", "c")}},
		{about: "more entries than a record may have fail", ask: &proto.StorePut{Num: 10, Key: "g", Class: "c",
			Index: slices.Repeat(index("f", "v"), proto.MaxIndex+1)}, answer: &proto.StoreDid{Num: 10, Failed: true}},
		{about: "as does a value that is too long", ask: &proto.StorePut{Num: 11, Key: "g", Class: "c",
			Index: index("f", strings.Repeat("v", proto.MaxIndexValue+1))}, answer: &proto.StoreDid{Num: 11, Failed: true}},
	}
	each(t, func(t *testing.T, p peer) { hold(t, p, facts) })
}

func TestAnAnswerListsNoMoreThanItsBound(t *testing.T) {
	each(t, func(t *testing.T, p peer) {
		for i := range proto.MaxFound + 1 {
			key := fmt.Sprintf("k%04d", i)
			wants(t, "put", &proto.StoreDid{Revision: 1}, p.ask(&proto.StorePut{Key: key, Class: "c"}))
		}
		for _, limit := range []uint32{0, proto.MaxFound, 1 << 31} {
			got := p.ask(&proto.StoreFind{Class: "c", Limit: limit}).(*proto.StoreListed)
			if len(got.Keys) != proto.MaxFound || !got.More || got.Keys[0].Key != "k0000" {
				t.Errorf("limit %d: %d records, more %v", limit, len(got.Keys), got.More)
			}
		}
	})
}

// TestStoresAnswerAlike draws requests and wants of a file and of a database what the simulator's store answers.
func TestStoresAnswerAlike(t *testing.T) {
	for _, name := range []string{"bbolt", "postgres"} {
		t.Run(name, func(t *testing.T) {
			p := kinds[name](t).(*real)
			model, story := simulated{sim.NewRecords()}, 0 // both go on from story to story, each about records of its own
			rapid.Check(t, func(rt *rapid.T) {
				story++
				draw := rapid.Custom(func(rt *rapid.T) node.Message { return request(rt, fmt.Sprint(story)) })
				batch := rapid.SliceOfN(draw, 1, 40).Draw(rt, "requests")
				for _, m := range batch { // all at once, so that some share a transaction
					p.say(m)
				}
				for i, m := range batch {
					if diff := gocmp.Diff(any(model.ask(m)), any(p.hear()), alike); diff != "" {
						rt.Errorf("request %d, %+v: (-model +store)\n%s", i, m, diff)
					}
				}
			})
		})
	}
}

// request draws a request about the few records of a story.
func request(t *rapid.T, story string) node.Message {
	word := rapid.SampledFrom([]string{"", "a", "ab", "\x00", "\xff"})
	num := rapid.Uint64().Draw(t, "num")
	key := story + "/" + word.Draw(t, "key")
	class := rapid.SampledFrom([]string{"", story, story + "a"}).Draw(t, "class")
	revision := rapid.Uint64Range(0, 4).Draw(t, "revision")
	entry := rapid.Custom(func(t *rapid.T) proto.IndexEntry {
		return proto.IndexEntry{Field: word.Draw(t, "field"), Value: word.Draw(t, "value")}
	})
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return &proto.StoreGet{Num: num, Key: key}
	case 1:
		return &proto.StoreDelete{Num: num, Key: key, Revision: revision}
	case 2:
		e := entry.Draw(t, "entry")
		return &proto.StoreFind{Num: num, Class: class, Field: e.Field, Value: e.Value, Limit: rapid.Uint32Range(0, 3).Draw(t, "limit")}
	}
	return &proto.StorePut{
		Num: num, Key: key, Revision: revision, Class: class, Value: []byte(word.Draw(t, "bytes")), Entity: id(key),
		Index: rapid.SliceOfN(entry, 0, 4).Draw(t, "index"),
	}
}
