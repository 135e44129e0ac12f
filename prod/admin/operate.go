package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/proto"
)

// OperateRequest is the body of POST /operate.
type OperateRequest struct {
	Game  string `json:"game"`  // its name, as game2
	Order string `json:"order"` // "open", "close" or "drain"
}

// OperateAnswer says which life of a game an order went to.
type OperateAnswer struct {
	Game        string `json:"game"`
	Incarnation string `json:"incarnation"`
	Order       string `json:"order"`
}

// Operate gives the manager's admin address an order about a game. The order is carried out
// behind the answer; Status shows how far it has come.
func Operate(ctx context.Context, addr string, o OperateRequest) (a OperateAnswer, err error) {
	err = ask(ctx, http.MethodPost, addr, "/operate", o, &a)
	return a, err
}

// Drain is how far the drain of a game has come.
type Drain struct {
	Left    uint64 `json:"left"`   // entities that are to move away still
	Moving  uint64 `json:"moving"` // those of them that are on their way
	Moved   uint64 `json:"moved"`
	Failed  uint64 `json:"failed"` // tries that came to nothing, and were or will be repeated
	Stubs   uint64 `json:"stubs"`  // that another game is to make
	Owed    uint64 `json:"owed"`   // outcomes of calls that are to be passed on still
	Refusal string `json:"refusal"`
}

func drainOf(d *proto.Draining) Drain {
	return Drain{d.Left, d.Moving, d.Moved, d.Failed, d.Stubs, d.Owed, d.Refusal.String()}
}

// Departed is a game that was drained and has left.
type Departed struct {
	Name        string `json:"name"`
	Incarnation string `json:"incarnation"`
	Moved       uint64 `json:"moved"`
}

// orderNamed returns the order of a name.
func orderNamed(name string) (proto.GameOrder, bool) {
	for _, o := range []proto.GameOrder{proto.OrderOpen, proto.OrderClose, proto.OrderDrain} {
		if o.String() == name {
			return o, true
		}
	}
	return 0, false
}

// operate hands an operator's order to the manager, or says why the manager would refuse it.
func (s *Server) operate(w http.ResponseWriter, r *http.Request) {
	var o OperateRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&o); err != nil {
		http.Error(w, "admin: operate: the body is no {\"game\": …, \"order\": …}", http.StatusBadRequest)
		return
	}
	word, known := orderNamed(o.Order)
	game, err := node.ParseID(o.Game)
	if err != nil || !known || game.Kind() != node.Game {
		http.Error(w, fmt.Sprintf("admin: operate: %q of %q: an order is open, close or drain, and a game has a name such as game2", o.Order, o.Game),
			http.StatusBadRequest)
		return
	}
	m := proto.Operate{Game: game, Order: word}
	a := OperateAnswer{Game: game.String(), Order: word.String()}
	var refused error
	switch here := s.withManager(func(h *node.Host, n *manager.Manager) {
		if refused = n.MayOperate(&m); refused != nil {
			return
		}
		for _, p := range n.Inspect().Processes {
			if p.Peer.ID == game {
				a.Incarnation = p.Peer.Inc.String()
			}
		}
		order(h, &m)
	}); {
	case !here:
		http.Error(w, "admin: operate: the manager is in another process; ask there", http.StatusNotFound)
	case refused != nil:
		http.Error(w, refused.Error(), http.StatusConflict)
	default:
		answer(w, http.StatusOK, a)
	}
}
