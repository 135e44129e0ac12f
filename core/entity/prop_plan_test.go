package entity

import (
	"encoding/hex"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestThePlanSaysWhatPropertiesAre(t *testing.T) {
	type fighter struct {
		HP    Value[int32]              `entity:"all,saved,was=health,was=life"`
		Notes CustomList[string]        // SERVER_ONLY
		Level Value[uint8]              `entity:"server,saved,index"`
		Bag   CustomMap[int32, *string] `entity:"transient"`
	}
	p := planOf[fighter]()
	var got []Property
	for _, prop := range p.Properties() {
		prop.index, prop.shape = 0, nil
		got = append(got, prop)
	}
	want := []Property{
		{Name: "hP", Kind: AllClients, Saved: true, Was: []string{"health", "life"}},
		{Name: "level", Saved: true, Indexed: true}, {Name: "notes"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if ServerOnly.String() != "SERVER_ONLY" || OwnClientOnly.String() != "OWN_CLIENT" || AllClients.String() != "ALL_CLIENTS" {
		t.Error("the audiences have other names than in the notes")
	}
}

type bad[T any] struct{ F T }
type nest[T any] = CustomList[*CustomList[T]]
type six[T any] = nest[*nest[*nest[T]]]
type twentyFour = six[*six[*six[*six[int]]]]
type inner struct {
	Name Value[string] `entity:"saved"`
}
type hollow struct{}

func TestWrongFieldsAreNamed(t *testing.T) {
	for _, test := range []struct {
		of   any
		want string
	}{
		{5, "int is no struct"},
		{bad[int]{}, "field F of entity.bad[int]: int is no property: use entity.Value, CustomMap or CustomList, or tag it `entity:\"transient\"`"},
		{bad[*Value[int]]{}, "a pointer to a property: make it entity.Value[int]"},
		{struct{ f Value[int] }{}, "a property has an exported name of its own"},
		{bad[Value[map[int]int]]{}, "schema: map[int]int: a map has no codec"},
		{bad[CustomMap[int, any]]{}, "schema: interface {}: an interface has no codec"},
		{bad[CustomMap[int, quest]]{}, "entity.quest is a node: hold a pointer to it"},
		{bad[CustomList[CustomList[int]]]{}, "entity.CustomList[int] is a node: hold a pointer to it"},
		{bad[CustomList[*Value[int]]]{}, "a container of pointers to entity.Value[int]: hold what is in it"},
		{bad[CustomList[*int]]{}, "a pointer to int is no node: those are structs of properties, CustomMaps and CustomLists"},
		{bad[CustomList[*hollow]]{}, "struct entity.hollow has no property: give it one, or hold it by value"},
		{bad[CustomList[*inner]]{}, "field Name of entity.inner: leave own, all, saved and index out: what lies within a property follows the property's own tag"},
		{bad[CustomList[*bad[int]]]{}, "field F of entity.bad[int]: int is no property"},
		{bad[twentyFour]{}, "the tree is deeper than 24"},
		{struct {
			F Value[int] `entity:"saved,sync"`
		}{}, `unknown word "sync": own, all, server, saved, index, was=oldname and transient are known`},
		{struct {
			F Value[int] `entity:"saved,transient"`
		}{}, "transient stands alone"},
		{struct {
			F Value[int] `entity:"own,all"`
		}{}, "only one of own, all and server can hold"},
		{struct {
			F Value[int] `entity:"index"`
		}{}, "index needs saved"},
		{struct {
			F Value[[]int] `entity:"saved,index"`
		}{}, "index is for a Value of a truth value, number or string"},
		{struct {
			F CustomList[int] `entity:"saved,index"`
		}{}, "index is for a Value"},
		{struct {
			F Value[int] `entity:"was="`
		}{}, `unknown word "was="`},
		{struct {
			F Value[int] `entity:"was=g"`
			G Value[int]
		}{}, `two properties are, or were, called "g"`},
	} {
		_, err := PlanOf(reflect.TypeOf(test.of))
		if err == nil || !strings.HasPrefix(err.Error(), "entity: ") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%T: error %v, want %q", test.of, err, test.want)
		}
	}
}

// The builds of a class: what each can do with what the first one wrote.
type wardV1 struct {
	Name   Value[string]             `entity:"saved"`
	Gold   Value[int32]              `entity:"saved"`
	Bag    CustomMap[string, int32]  `entity:"saved"`
	Old    CustomList[string]        `entity:"saved"`
	Quests CustomList[*wardQuestV1]  `entity:"saved"`
	Where  Value[spot]               `entity:"saved"`
	Seen   CustomMap[string, *tally] `entity:"saved"`
}
type wardQuestV1 struct {
	Title Value[string]
	Done  Value[bool]
}
type tally struct{ Count Value[int64] }

// wardV2 has Level new, Gold wider, Name and Title renamed, Old removed, a field more in a leaf.
type wardV2 struct {
	Called Value[string]             `entity:"saved,was=name"`
	Gold   Value[int64]              `entity:"saved"`
	Bag    CustomMap[string, int32]  `entity:"saved"`
	Level  Value[int]                `entity:"saved"`
	Quests CustomList[*wardQuestV2]  `entity:"saved"`
	Where  Value[spotV2]             `entity:"saved"`
	Seen   CustomMap[string, *tally] `entity:"saved"`
}
type wardQuestV2 struct {
	Name Value[string] `entity:"was=title"`
	Done Value[bool]
	Tags CustomList[string]
}
type spotV2 struct {
	X, Y float64
	Room string
}

// wardV3 has another type under an old name.
type wardV3 struct {
	Bag CustomMap[string, string] `entity:"saved"`
}

const wardFile = "testdata/ward-v1.hex"

// wardOfV1 is the record that was written by the first build and is committed.
func wardOfV1(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile(wardFile)
	if err != nil {
		t.Fatal(err)
	}
	body, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestTheFirstBuildWritesTheCommittedRecord(t *testing.T) {
	w, tree := grown[wardV1](planOf[wardV1]())
	w.Name.Set("Ward")
	w.Gold.Set(-70000)
	w.Bag.Set("sword", 1)
	w.Bag.Set("coin", 300)
	w.Old.Append("kept by the first build")
	q := &wardQuestV1{}
	q.Title.Set("the cellar")
	q.Done.Set(true)
	w.Quests.Append(q)
	w.Where.Set(spot{1.5, -2})
	count := &tally{}
	count.Count.Set(9)
	w.Seen.Set("rat", count)
	if got := tree.AppendSaved(nil); hex.EncodeToString(got) != hex.EncodeToString(wardOfV1(t)) {
		t.Errorf("writes %x", got)
	}
}

func TestALaterBuildReadsTheCommittedRecord(t *testing.T) {
	w, tree := grown[wardV2](planOf[wardV2]())
	w.Level.Set(7) // The default of a field that is new.
	w.Bag.Set("of the default", 1)
	if err := tree.Load(wardOfV1(t)); err != nil {
		t.Fatal(err)
	}
	if tree.Changed() {
		t.Error("loading is recorded")
	}
	sword, _ := w.Bag.Get("sword")
	rat, _ := w.Seen.Get("rat")
	if w.Called.Get() != "Ward" || w.Gold.Get() != -70000 || w.Level.Get() != 7 || w.Bag.Len() != 2 || sword != 1 ||
		w.Where.Get() != (spotV2{1.5, -2, ""}) || rat.Count.Get() != 9 {
		t.Errorf("%x", tree.AppendAll(nil))
	}
	q := w.Quests.At(0)
	if w.Quests.Len() != 1 || q.Name.Get() != "the cellar" || !q.Done.Get() || q.Tags.Len() != 0 {
		t.Errorf("quest %q", q.Name.Get())
	}
	// Both names at once: the new one is the newer.
	if err := tree.Load([]byte("\x82\xa6called\xa3new\xa4name\xa3old")); err != nil || w.Called.Get() != "new" {
		t.Error(w.Called.Get(), err)
	}
}

func TestARecordThatDoesNotFitNamesTheProperty(t *testing.T) {
	_, v3 := grown[wardV3](planOf[wardV3]())
	if err := v3.Load(wardOfV1(t)); err == nil || err.Error() !=
		"entity: property bag: key coin: wire: at byte 11: a value of type 0xcd where there must be a string" {
		t.Error(err)
	}
	_, v1 := grown[wardV1](planOf[wardV1]())
	for in, want := range map[string]string{
		"":                                    "entity: wire: at byte 0: the bytes end where a value must begin",
		"\x80\x00":                            "entity: wire: 1 bytes behind the value",
		"\x82\xa4name\xa1a\xa4name\xa1b":      "entity: the keys are not in ascending order",
		"\x81\xa3bag\x82\xa1b\x01\xa1a\x01":   "entity: property bag: the keys are not in ascending order",
		"\x81\xa6quests\x91\x81\xa5title\x05": "entity: property quests: element 0: property title: wire: at byte 16: a value of type 0x05 where there must be a string",
	} {
		if err := v1.Load([]byte(in)); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %q", in, err, want)
		}
	}
}

func TestBadRecordsAreErrors(t *testing.T) {
	h, tree := grown[hero](planOf[hero]())
	h.Quests.Append(&quest{})
	h.School.Set("a", &class{})
	field := func(name string) Step { return Step{Kind: StepField, Name: name} }
	one := []byte{1}
	for _, test := range []struct {
		n    Notify
		want string
	}{
		{Notify{}, `entity: record set "": a struct has no set at ""`},
		{Notify{Path: []Step{field("none")}}, `entity: record set "none": no property "none"`},
		{Notify{Path: []Step{stepAt(0)}}, `entity: record set "0": a struct has no set at "0"`},
		{Notify{Path: []Step{field("gold"), stepAt(1)}}, `entity: record set "gold.1": a value has no set at "1"`},
		{Notify{Type: NotifyDelete, Path: []Step{field("gold")}}, `entity: record delete "gold": a value has no delete at ""`},
		{Notify{Path: []Step{field("gold")}}, `entity: record set "gold": wire: at byte 0: the bytes end where a value must begin`},
		{Notify{Path: []Step{field("name")}, Value: one}, `entity: record set "name": wire: at byte 0: a value of type 0x01 where there must be a string`},
		{Notify{Path: []Step{field("bag"), stepAt(0)}, Value: one}, `entity: record set "bag.0": "0" is no key of the map`},
		{Notify{Path: []Step{field("seen"), {Kind: StepSigned, Number: 1 << 20}}, Value: one}, `entity: record set "seen.1048576": "1048576" is no key of the map`},
		{Notify{Path: []Step{field("school"), {Kind: StepText, Name: "b"}, field("number")}, Value: one}, `entity: record set "school.b.number": no node is at key b`},
		{Notify{Type: NotifyInsert, Path: []Step{field("bag")}}, `entity: record insert "bag": a map has no insert`},
		{Notify{Type: NotifyRemove, Path: []Step{field("quests")}}, `entity: record remove "quests": a list has no remove`},
		{Notify{Type: NotifyRemove, Path: []Step{field("quests"), stepAt(1)}}, `entity: record remove "quests.1": "1" is no place in a list of 1`},
		{Notify{Type: NotifyInsert, Path: []Step{field("quests"), stepAt(2)}}, `entity: record insert "quests.2": "2" is no place in a list of 1`},
		{Notify{Type: NotifyDelete, Path: []Step{field("quests"), stepAt(0)}}, `entity: record delete "quests.0": a list has no delete`},
		{Notify{Path: []Step{field("quests"), stepAt(0), stepAt(0)}}, `entity: record set "quests.0.0": a struct has no set at "0"`},
	} {
		before := tree.AppendAll(nil)
		if err := tree.Apply(test.n); err == nil || err.Error() != test.want {
			t.Errorf("error %v, want %q", err, test.want)
		}
		if string(before) != string(tree.AppendAll(nil)) {
			t.Errorf("%q changed the tree", test.want)
		}
	}
}
