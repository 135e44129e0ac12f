package recast

import _ "embed"

//go:embed courtyard.obj
var courtyardOBJ string

// Courtyard is the sample world as a mesh for a walker, its corner at zero: the same as nav.Courtyard.
func Courtyard() *Mesh {
	m, err := Build([]byte(courtyardOBJ), Walker())
	if err != nil {
		panic(err) // The world is compiled in.
	}
	return m
}
