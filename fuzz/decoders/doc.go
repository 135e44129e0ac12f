// Package decoders holds native fuzz targets for what the exported decoders make
// of bytes from outside, with seeds from the traffic of a simulated cluster. The
// targets that need what a package does not export are in that package's tests.
// `make fuzz` runs them all; RESULT.md beside this directory says for how long
// they have run so far.
package decoders
