// Package attack has tests alone: each mounts attacks against a whole cluster
// over real sockets, while honest bots go on calling and must notice nothing.
package attack
