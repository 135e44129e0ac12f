package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"messiah/core/node"
	"messiah/core/record"
	"messiah/prod"
)

// record sends what the flight recorder of one role has, as a file.
func (s *Server) record(w http.ResponseWriter, r *http.Request) {
	id, err := node.ParseID(r.URL.Query().Get("role"))
	if err != nil {
		http.Error(w, "admin: record: "+err.Error(), http.StatusBadRequest)
		return
	}
	var here []string
	for _, m := range s.Members {
		p := m.Process()
		if here = append(here, p.Self().ID.String()); p.Self().ID != id {
			continue
		}
		type taken struct {
			rec *record.Recording
			err error
		}
		t, ok := inTime(func() (t taken) {
			t.rec, t.err = p.Recording()
			return t
		})
		switch {
		case !ok:
			http.Error(w, fmt.Sprintf("admin: record: %v does not answer", id), http.StatusServiceUnavailable)
		case errors.Is(t.err, prod.ErrNotRecorded):
			http.Error(w, fmt.Sprintf("admin: record: %v keeps no recording: set the key record to some MiB and start it again", id), http.StatusConflict)
		case t.err != nil:
			http.Error(w, "admin: record: "+t.err.Error(), http.StatusServiceUnavailable)
		default:
			t.rec.Head.Build = s.Version
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(t.rec.Append(nil)) // the asker is gone
		}
		return
	}
	http.Error(w, fmt.Sprintf("admin: record: %v is in another process; this one has %s: name the admin address of %v with --admin",
		id, strings.Join(here, ", "), id), http.StatusNotFound)
}

// ErrNobody says that an address was not answered at.
var ErrNobody = errors.New("nobody answers")

// Record asks the admin address of a role's process for its recording, as the bytes of a file.
func Record(ctx context.Context, addr string, role node.ID) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/record?role="+url.QueryEscape(role.String()), nil)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("admin: %w at %s: %w", ErrNobody, addr, cause(err))
	}
	defer answer.Body.Close()
	file, err := io.ReadAll(io.LimitReader(answer.Body, record.MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("admin: the recording did not arrive whole: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New(strings.TrimSpace(string(file)))
	}
	if !record.IsRecording(file) {
		return nil, fmt.Errorf("admin: %s answers no recording", addr)
	}
	return file, nil
}
