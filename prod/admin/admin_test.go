package admin_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"messiah/core/entity"
	"messiah/core/game"
	"messiah/core/nav"
	"messiah/core/node"
	"messiah/core/rpc"
	"messiah/prod/admin"
	"messiah/prod/cluster"
	"messiah/prod/config"
)

const within = 40 * time.Second

// somebody is an avatar that remembers nothing, and perch a stub.
type (
	somebody struct{ entity.AvatarEntity }
	perch    struct{ entity.ServerStubEntity }
)

const (
	somebodies entity.Kind[*somebody] = "somebody"
	perches    entity.Kind[*perch]    = "perch"
)

// serve runs a cluster of one gate and one game with its admin address, until the test ends.
func serve(t *testing.T) (*cluster.Whole, *admin.Server) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	c.State = filepath.Join(t.TempDir(), "state")
	c.SetGates(1)
	c.SetGames(1)
	c.Manager.Listen, c.DB.Listen, c.Games[0].Listen = l.Addr().String(), "127.0.0.1:0", "127.0.0.1:0"
	c.Gates[0].Clients = []string{"kcp://127.0.0.1:0"}
	_ = l.Close() // its address is the manager's now
	log := slog.New(slog.DiscardHandler)
	title := cluster.Title{
		Script: func() game.Script {
			return game.Script{
				Classes: []*entity.Class{entity.Define(somebodies), entity.Define(perches)}, Table: rpc.Build(nil), Avatar: string(somebodies),
			}
		},
		Paths: func() (nav.Pathfinder, error) { return nav.Courtyard(), nil },
	}
	site, err := cluster.Open(c, title, log)
	if err != nil {
		t.Fatal(err)
	}
	w, err := site.StartWhole()
	if err != nil {
		t.Fatal(err)
	}
	s := &admin.Server{Version: "test", Log: log}
	for _, m := range w.Members() {
		s.Members = append(s.Members, m)
	}
	if err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if err := w.Stop(nil); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for _, m := range w.Members() {
		if !m.WaitReady(ctx) {
			t.Fatalf("%v is not ready", m.ID())
		}
	}
	return w, s
}

// ask sends one request and returns status and body.
func ask(t *testing.T, s *admin.Server, method, path, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+s.Addr()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: within}
	a, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(text)
}

func TestAnswers(t *testing.T) {
	_, s := serve(t)
	for _, one := range []struct {
		method, path, body string
		header             []string
		status             int
		want               string
	}{
		{"GET", "/healthz", "", nil, 200, "ok"},
		{"GET", "/readyz", "", nil, 200, "ok"},
		{"GET", "/status", "", nil, 200, `"step_name":"admit"`},
		{"GET", "/debug/pprof/cmdline", "", nil, 200, "test"},
		{"GET", "/nothing", "", nil, 404, ""},
		{"POST", "/kick", `{"client":"alice"}`, nil, 200, `{"client":"alice","gates":1}`},
		{"POST", "/kick", `{`, nil, 400, "the body is no"},
		{"POST", "/kick", `{"client":""}`, nil, 400, "named by 1 to 128 bytes"},
		{"POST", "/kick", `{"client":"` + strings.Repeat("x", 129) + `"}`, nil, 400, "named by 1 to 128 bytes"},
		{"POST", "/kick", `{"client":"` + strings.Repeat("x", 5000) + `"}`, nil, 400, "the body is no"},
		{"GET", "/kick", "", nil, 405, ""},
		{"POST", "/kick", `{"client":"alice"}`, []string{"Origin", "http://elsewhere.example"}, 403, "this machine alone"},
		{"GET", "/status", "", []string{"Host", "elsewhere.example"}, 403, "this machine alone"},
	} {
		status, text := ask(t, s, one.method, one.path, one.body, one.header...)
		if status != one.status || !strings.Contains(text, one.want) {
			t.Errorf("%s %s %.40s: %d %.200s, want %d with %q", one.method, one.path, one.body, status, text, one.status, one.want)
		}
	}
}

func TestStatusKnowsTheCluster(t *testing.T) {
	_, s := serve(t)
	got, err := admin.GetStatus(context.Background(), s.Addr())
	if err != nil || got.Cluster == nil {
		t.Fatalf("%+v, %v", got, err)
	}
	c := got.Cluster
	if c.Step != 9 || !c.Admits || c.Primary != "game1" || len(c.Steps) != 9 || len(c.Processes) != 3 {
		t.Errorf("cluster %+v", c)
	}
	if len(c.Stubs) != 1 || c.Stubs[0] != (admin.Stub{Name: "perch", Game: "game1"}) {
		t.Errorf("stubs %+v", c.Stubs)
	}
	names := map[string]bool{}
	for _, r := range got.Roles {
		names[r.Name] = r.Running && r.Ready && r.Lives == 1 && len(r.Links) > 0
		if r.Name == "gate1" && (r.Gate == nil || !r.Gate.Admits || len(r.Shards) == 0) {
			t.Errorf("gate %+v", r)
		}
	}
	for _, name := range []string{"manager1", "db1", "game1", "gate1"} {
		if !names[name] {
			t.Errorf("%s does not look well: %+v", name, got.Roles)
		}
	}
}

func TestHealthSeesADeadRoleAndAnUnreadyOne(t *testing.T) {
	w, s := serve(t)
	release := make(chan struct{})
	entered := make(chan struct{})
	go w.Games[0].Process().Do(func(*node.Host) {
		close(entered)
		<-release
	})
	<-entered
	if status, text := ask(t, s, "GET", "/healthz", ""); status != 503 || !strings.Contains(text, "game1 does not answer") {
		t.Errorf("with a loop that stands: %d %s", status, text)
	}
	if got, err := admin.GetStatus(context.Background(), s.Addr()); err != nil || got.Cluster == nil || running(got, "game1") || !running(got, "gate1") {
		t.Errorf("the status with a loop that stands: %+v, %v", got, err)
	}
	close(release)
	w.Gates[0].Stop()
	<-w.Gates[0].Done()
	if status, text := ask(t, s, "GET", "/readyz", ""); status != 503 || !strings.Contains(text, "gate1") {
		t.Errorf("with a gate that left: %d %s", status, text)
	}
}

// running tells whether a role has answered.
func running(s admin.Status, name string) bool {
	for _, r := range s.Roles {
		if r.Name == name {
			return r.Running
		}
	}
	return false
}

func TestMetricsHaveOnlyLabelsOfOurs(t *testing.T) {
	_, s := serve(t)
	for i := range 5 {
		ask(t, s, "POST", "/kick", fmt.Sprintf(`{"client":"stranger-%d"}`, i))
	}
	status, text := ask(t, s, "GET", "/metrics", "")
	if status != 200 || !strings.Contains(text, "messiah_start_step 9") || !strings.Contains(text, `messiah_ready{role="gate1"} 1`) {
		t.Fatalf("%d %s", status, text)
	}
	if strings.Contains(text, "stranger") {
		t.Error("a client's name is a label")
	}
}

func TestOnlyLoopback(t *testing.T) {
	s := &admin.Server{Log: slog.New(slog.DiscardHandler)}
	if err := s.Start("0.0.0.0:0"); err == nil || !strings.Contains(err.Error(), "is not loopback") {
		t.Errorf("got %v", err)
	}
}
