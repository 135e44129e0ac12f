//go:build !planted

package outside
