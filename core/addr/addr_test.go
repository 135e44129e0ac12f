package addr

import (
	"testing"

	"messiah/core/node"
	"messiah/core/wire"

	"pgregory.net/rapid"
)

func drawPeer(t *rapid.T, label string) node.Peer {
	return node.Peer{
		ID:  node.ID(rapid.Uint32().Draw(t, label+" id")),
		Inc: node.Incarnation(rapid.Uint64().Draw(t, label+" incarnation")),
	}
}

func drawEntity(t *rapid.T) EntityID {
	return EntityID{Maker: node.Incarnation(rapid.Uint64().Draw(t, "maker")), N: rapid.Uint64().Draw(t, "n")}
}

// load reads into out what m is written as.
func load(t *rapid.T, m, out wire.Message) {
	if err := wire.Decode(wire.Append(nil, m), out); err != nil {
		t.Fatal(err)
	}
}

func TestAddressesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entity := drawEntity(t)
		var client ClientID
		copy(client[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "client"))
		proxy := Proxy{Client: client, Gate: drawPeer(t, "gate")}
		mailbox := Mailbox{
			Entity: entity, Incarnation: rapid.Uint64().Draw(t, "incarnation"),
			Game: drawPeer(t, "game"), Gate: proxy.Gate,
		}
		var gotEntity EntityID
		var gotClient ClientID
		var gotProxy Proxy
		var gotMailbox Mailbox
		load(t, &entity, &gotEntity)
		load(t, &client, &gotClient)
		load(t, &proxy, &gotProxy)
		load(t, &mailbox, &gotMailbox)
		if gotEntity != entity || gotClient != client || gotProxy != proxy || gotMailbox != mailbox {
			t.Fatalf("%v %v %v %v came back as %v %v %v %v",
				entity, client, proxy, mailbox, gotEntity, gotClient, gotProxy, gotMailbox)
		}
	})
}

func TestAddressesHaveNames(t *testing.T) {
	if got := (EntityID{Maker: 0x2a, N: 7}).String(); got != "000000000000002a.7" {
		t.Errorf("an entity is %q", got)
	}
	if got := (ClientID{0xab, 15: 1}).String(); got != "ab000000000000000000000000000001" {
		t.Errorf("a client is %q", got)
	}
	for id, zero := range map[EntityID]bool{{}: true, {Maker: 1}: false, {N: 1}: false} {
		if id.IsZero() != zero {
			t.Errorf("%v is zero: %v", id, id.IsZero())
		}
	}
}

// A client id of another length is refused, not cut or filled.
func TestClientIDHasSixteenBytes(t *testing.T) {
	for _, size := range []int{0, 15, 17} {
		short := make([]byte, size)
		b := wire.Append(nil, &onlyBytes{short})
		var id ClientID
		if err := wire.Decode(b, &id); err == nil {
			t.Errorf("%d bytes are a client id", size)
		}
	}
}

type onlyBytes struct{ b []byte }

func (m *onlyBytes) Code(c *wire.Coder) { c.Bytes(&m.b) }
