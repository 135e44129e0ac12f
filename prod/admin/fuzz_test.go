package admin

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// FuzzRequest takes bytes as one request to the admin address of a process that
// has no manager. It is answered; a name that does not mean this machine, or a
// page of another origin, gets nothing but a refusal; no body makes it read more
// than its bound.
func FuzzRequest(f *testing.F) {
	for _, head := range []string{"GET /healthz", "GET /readyz", "GET /status", "GET /metrics", "POST /kick", "PUT /status", "GET /../kick"} {
		f.Add([]byte(head + " HTTP/1.1\r\nHost: localhost:7790\r\nContent-Length: 17\r\n\r\n{\"client\": \"ann\"}"))
	}
	f.Add([]byte("POST /kick HTTP/1.1\r\nHost: evil.example\r\n\r\n"))
	f.Add([]byte("POST /kick HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil.example\r\n\r\n"))
	f.Add([]byte("POST /kick HTTP/1.1\r\nHost: [::1]:1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"))
	f.Add([]byte("POST /kick HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n{\"client\":\"" + strings.Repeat("x", 9000)))
	s := &Server{Version: "fuzz", began: time.Now()}
	handler := local(s.routes())
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		if err != nil || strings.HasPrefix(r.URL.Path, "/debug/") {
			return // net/http refuses it, or a profile takes as long as it was asked to
		}
		body := &counted{ReadCloser: r.Body}
		r.Body = body
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code < 200 || w.Code > 599 {
			t.Fatalf("answered with %d", w.Code)
		}
		if body.n > 2*maxBody {
			t.Fatalf("%d bytes of a body were read", body.n)
		}
		if r.Header.Get("Origin") != "" && w.Code != http.StatusForbidden {
			t.Fatalf("a page of %q was answered with %d", r.Header.Get("Origin"), w.Code)
		}
	})
}

// counted counts what is read of a body.
type counted struct {
	io.ReadCloser
	n int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.ReadCloser.Read(b)
	c.n += n
	return n, err
}
