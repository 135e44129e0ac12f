// Package admin is the way in for operators: HTTP on loopback with health,
// status, metrics, profiles and the kick, and the client that `messiah admin` is.
package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"messiah/core/manager"
	"messiah/core/node"
	"messiah/core/proto"
	"messiah/core/wire"
	"messiah/prod"
)

// Member is one role of the process.
type Member interface {
	Process() *prod.Process     // the present life, or the last one
	Lives() int                 // how many there were
	ReadyNow(h *node.Host) bool // on the loop: does the role do what it is there for?
}

// Server answers for the roles of one process.
type Server struct {
	Members []Member
	Version string
	Log     *slog.Logger

	began time.Time
	http  http.Server
	addr  net.Addr
	done  chan struct{}
}

// Bounds of requests.
const (
	maxBody       = 4 << 10
	headerWithin  = 5 * time.Second
	requestWithin = 2 * time.Minute // a profile takes so long at most
	answerWithin  = 2 * time.Second // a role that does not answer in that time is not healthy
)

// Start listens on a loopback address and answers until Close.
func (s *Server) Start(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		l.Close()
		return fmt.Errorf("admin: %s is not loopback", addr)
	}
	s.began, s.addr, s.done = time.Now(), l.Addr(), make(chan struct{})
	s.http = http.Server{
		Handler: local(s.routes()), ReadHeaderTimeout: headerWithin, ReadTimeout: headerWithin, WriteTimeout: requestWithin,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // it ends with Close
	}()
	return nil
}

// Addr returns where the server listens.
func (s *Server) Addr() string { return s.addr.String() }

// closeWithin bounds how long requests under way may take once the process ends.
const closeWithin = time.Second

// Close ends the server; requests under way may finish for a moment.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	<-s.done
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.readiness)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.status()) })
	mux.HandleFunc("POST /kick", s.kick)
	mux.HandleFunc("POST /operate", s.operate)
	mux.HandleFunc("GET /record", s.record)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry(), promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// local refuses what a web page in the operator's browser could send: a name
// that was made to resolve to loopback, or a request from another origin.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		ip, err := netip.ParseAddr(host)
		if host != "localhost" && (err != nil || !ip.IsLoopback()) || r.Header.Get("Origin") != "" {
			http.Error(w, "admin: requests come from this machine alone", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the asker is gone
}

// asked names a role of which it is not so, or that does not answer; nothing if it is so of all.
func (s *Server) asked(is func(Member, *node.Host) bool) (bad string) {
	for _, m := range s.Members {
		so, answered := inTime(func() (so bool) {
			m.Process().Do(func(h *node.Host) { so = is(m, h) })
			return so
		})
		name := m.Process().Self().ID.String()
		switch {
		case !answered:
			return name + " does not answer"
		case !so:
			return name
		}
	}
	return ""
}

// health is about the process: every role runs and its loop turns.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	if bad := s.asked(func(Member, *node.Host) bool { return true }); bad != "" {
		http.Error(w, "not healthy: "+bad, http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// readiness is about the work: every role does what it is there for.
func (s *Server) readiness(w http.ResponseWriter, _ *http.Request) {
	if bad := s.asked(Member.ReadyNow); bad != "" {
		http.Error(w, "not ready: "+bad, http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// KickRequest is the body of POST /kick.
type KickRequest struct {
	Client string `json:"client"` // an account or a client id
	Reason string `json:"reason"`
}

// KickAnswer says where a kick went.
type KickAnswer struct {
	Client string `json:"client"`
	Gates  int    `json:"gates"` // gates that were told; the one that has the client ends its session
}

// kick hands an operator's word to the manager, which tells every gate.
func (s *Server) kick(w http.ResponseWriter, r *http.Request) {
	var k KickRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&k); err != nil {
		http.Error(w, "admin: kick: the body is no {\"client\": …}", http.StatusBadRequest)
		return
	}
	if k.Client == "" || len(k.Client) > proto.MaxName || len(k.Reason) > proto.MaxName {
		http.Error(w, fmt.Sprintf("admin: kick: a client is named by 1 to %d bytes", proto.MaxName), http.StatusBadRequest)
		return
	}
	told := 0
	if !s.withManager(func(h *node.Host, m *manager.Manager) {
		for _, p := range m.Inspect().Processes {
			if p.Peer.ID.Kind() == node.Gate {
				told++
			}
		}
		order(h, &proto.Kick{Client: k.Client, Reason: k.Reason})
	}) {
		http.Error(w, "admin: kick: the manager is in another process; ask there", http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, KickAnswer{k.Client, told})
}

// withManager runs f on the manager's loop; false says that the manager is in another process.
func (s *Server) withManager(f func(*node.Host, *manager.Manager)) (here bool) {
	for _, one := range s.Members {
		one.Process().Do(func(h *node.Host) {
			var m *manager.Manager
			if m, here = h.Node().(*manager.Manager); here {
				f(h, m)
			}
		})
		if here {
			return true
		}
	}
	return false
}

// order hands an operator's word to the node of a host, which comes from nobody else.
func order(h *node.Host, m node.Message) {
	self := h.Self()
	h.Deliver(&node.Input{Kind: node.InMessage, Type: m.Type(), From: self.ID, Inc: self.Inc, Body: wire.Append(nil, m)})
}
