//go:build linux || !race

package outside // want `file is built on some machines only \(linux\)`
