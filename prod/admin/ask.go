package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const askWithin = 5 * time.Second

// GetStatus asks an admin address for its status.
func GetStatus(ctx context.Context, addr string) (s Status, err error) {
	err = ask(ctx, http.MethodGet, addr, "/status", nil, &s)
	return s, err
}

// Kick asks the manager's admin address to end a client's session.
func Kick(ctx context.Context, addr string, k KickRequest) (a KickAnswer, err error) {
	err = ask(ctx, http.MethodPost, addr, "/kick", k, &a)
	return a, err
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 16 << 20

func ask(ctx context.Context, method, addr, path string, body, result any) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	content, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+addr+path, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("admin: nobody answers at %s: %w", addr, cause(err))
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", strings.TrimSpace(string(text)))
	}
	if err := json.Unmarshal(text, result); err != nil {
		return fmt.Errorf("admin: %s answers no status: %w", addr, err)
	}
	return nil
}

// cause drops the method and address that the HTTP client repeats.
func cause(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok && u.Unwrap() != nil {
		return u.Unwrap()
	}
	return err
}
