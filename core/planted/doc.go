// Package planted switches known bugs on, one at a time, so that the harness can
// show that it finds them. Code under test asks On at the line that the bug
// breaks; without the build tag `planted` the answer is the constant false and
// the line costs nothing. Which names exist, and which oracle must catch each, is
// the catalogue's matter: `messiah-sim bugs`.
package planted
