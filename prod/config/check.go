package config

import (
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"messiah/prod/store"
)

// minSecret is the shortest cluster secret that is accepted, in bytes.
const minSecret = 16

// Check returns the first thing that is wrong, with its key, or nil.
func (c *Config) Check() error {
	for _, l := range leaves(c) {
		if err := l.check(); err != nil {
			return err
		}
	}
	if len(c.Games) == 0 {
		return keyError(0, "games", "a cluster has at least one")
	}
	if len(c.Gates) == 0 {
		return keyError(0, "gates", "a cluster has at least one")
	}
	if c.State == "" {
		return keyError(0, "state", "is to name a directory")
	}
	if c.DB.Store == "" {
		return keyError(0, "db.store", "is to name a file, or a database as postgres://user:password@host:5432/name")
	}
	if store.IsPostgres(c.DB.Store) {
		if err := store.CheckPlace(c.DB.Store); err != nil {
			return keyError(0, "db.store", "%v", err)
		}
	}
	if n := len(c.Secrets.Cluster); n > 0 && n < minSecret {
		return keyError(0, "secrets.cluster", "has %d bytes; at least %d are needed", n, minSecret)
	}
	if c.Secrets.Cluster != "" && c.Secrets.ClusterFile != "" {
		return keyError(0, "secrets.cluster_file", "secrets.cluster is set as well; only one of them can hold")
	}
	if c.Players.Heartbeat >= c.Players.DeadAfter {
		return keyError(0, "players.heartbeat", "is to be shorter than players.dead_after")
	}
	if r := c.Manager.Rebalance; r.Low > 0 && r.Low >= r.High {
		return keyError(0, "manager.rebalance.low", "is to be less than manager.rebalance.high")
	}
	if err := c.checkReach(); err != nil {
		return err
	}
	return c.checkDistinct()
}

func (l *leaf) check() error {
	if list := l.tag.Get("oneof"); list != "" && !contains(list, l.value.String()) {
		return keyError(0, l.path, "%q is none of %s%s", l.value.String(),
			strings.ReplaceAll(strings.Trim(list, ","), ",", ", "), suggestOnly(l.value.String(), strings.Split(list, ",")))
	}
	if err := l.checkRange(); err != nil {
		return err
	}
	switch how := l.tag.Get("addr"); {
	case how == "" || how == "empty" && l.value.String() == "":
	default:
		if err := checkAddr(l.value.String()); err != nil {
			return keyError(0, l.path, "%v", err)
		}
	}
	if l.tag.Get("clients") != "" {
		return checkClients(l.path, l.value.Interface().([]string))
	}
	return nil
}

func contains(list, one string) bool {
	for known := range strings.SplitSeq(list, ",") {
		if known == one {
			return true
		}
	}
	return false
}

func suggestOnly(name string, known []string) string {
	if s := suggestion(name, known); strings.HasPrefix(s, "; did") {
		return s
	}
	return ""
}

func (l *leaf) checkRange() error {
	least, most := l.tag.Get("min"), l.tag.Get("max")
	if least == "" && most == "" {
		return nil
	}
	got := l.value.Int()
	if least != "" && got < bound(l.value, least) {
		return keyError(0, l.path, "%v is less than %s", l.value.Interface(), least)
	}
	if most != "" && got > bound(l.value, most) {
		return keyError(0, l.path, "%v is more than %s", l.value.Interface(), most)
	}
	return nil
}

// bound reads a bound that stands in a tag.
func bound(v reflect.Value, text string) int64 {
	if v.Type() == durationType {
		d, _ := time.ParseDuration(text)
		return int64(d)
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

func checkAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is no host:port", addr)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q has no port between 0 and 65535", addr)
	}
	if host == "" {
		return fmt.Errorf("%q names no host; 0.0.0.0 is every address", addr)
	}
	return nil
}

// SplitClients takes the address of a client listener apart: "kcp://host:port" or "tcp://host:port".
func SplitClients(url string) (transport, addr string, err error) {
	transport, addr, ok := strings.Cut(url, "://")
	if !ok {
		return "", "", fmt.Errorf("%q is no kcp://host:port or tcp://host:port", url)
	}
	if transport != "kcp" && transport != "tcp" {
		return "", "", fmt.Errorf("%q: %q is no transport; known are kcp and tcp", url, transport)
	}
	return transport, addr, checkAddr(addr)
}

func checkClients(path string, urls []string) error {
	if len(urls) == 0 {
		return keyError(0, path, "a gate that takes no clients is none")
	}
	for i, url := range urls {
		if _, _, err := SplitClients(url); err != nil {
			return keyError(0, index(path, i), "%v", err)
		}
	}
	return nil
}

// Loopback tells whether an address is reached from this machine alone.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// checkReach refuses addresses that others can reach where nothing but this
// machine was thought of.
func (c *Config) checkReach() error {
	for _, l := range leaves(c) {
		if l.tag.Get("addr") == "" || l.value.String() == "" || Loopback(l.value.String()) {
			continue
		}
		if strings.HasSuffix(l.path, "admin") {
			return keyError(0, l.path, "%s is not loopback: whoever reaches it operates the cluster; use a tunnel", l.value.String())
		}
		if c.DefaultSecret() {
			return keyError(0, l.path, "%s is not loopback: set secrets.cluster_file first, the secret made at first start is a default",
				l.value.String())
		}
	}
	return nil
}

// checkDistinct refuses two listeners on one address.
func (c *Config) checkDistinct() error {
	taken := map[string]string{}
	take := func(path, network, addr string) error {
		if addr == "" || strings.HasSuffix(addr, ":0") {
			return nil
		}
		if other, ok := taken[network+addr]; ok {
			return keyError(0, path, "%s is taken by %s", addr, other)
		}
		taken[network+addr] = path
		return nil
	}
	for _, l := range leaves(c) {
		switch {
		case l.tag.Get("addr") != "":
			if err := take(l.path, "tcp", l.value.String()); err != nil {
				return err
			}
		case l.tag.Get("clients") != "":
			for i, url := range l.value.Interface().([]string) {
				network, addr, _ := SplitClients(url)
				if err := take(index(l.path, i), network, addr); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
