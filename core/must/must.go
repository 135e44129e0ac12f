// Package must states invariants: what holds unless we made a mistake. A broken
// one panics, and its text says what is not as it must be. What peers and
// clients send is no invariant and never comes here.
package must

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
)

// True panics with the formatted text unless the condition holds. While it
// holds nothing is allocated, whatever the arguments.
func True(holds bool, format string, args ...any) {
	if !holds {
		broken(format, args)
	}
}

// Equal panics unless got is want; what names the value that is compared.
func Equal[T comparable](got, want T, what string) {
	if got != want {
		unequal(what, got, want)
	}
}

// AtLeast panics unless got is least or more; what names the value that is compared.
func AtLeast[T cmp.Ordered](got, least T, what string) {
	if !(got >= least) {
		below(what, got, least)
	}
}

func unequal(what string, got, want any) {
	panic(fmt.Sprintf("%s: got %v, must be %v", what, got, want))
}

func below(what string, got, least any) {
	panic(fmt.Sprintf("%s: got %v, must be at least %v", what, got, least))
}

// broken formats copies of the arguments. Handing fmt the arguments themselves
// would move each of them to the heap at every call of True.
func broken(format string, args []any) {
	copies := make([]any, len(args))
	for i, arg := range args {
		copies[i] = detach(reflect.ValueOf(arg))
	}
	panic(fmt.Sprintf(format, copies...))
}

// detach copies a value. A number, string or truth value keeps its type and so
// its String method; of anything else, an error for one, the text within is kept.
func detach(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	out := reflect.New(v.Type()).Elem()
	switch {
	case v.CanInt():
		out.SetInt(v.Int())
	case v.CanUint():
		out.SetUint(v.Uint())
	case v.CanFloat():
		out.SetFloat(v.Float())
	case v.Kind() == reflect.Bool:
		out.SetBool(v.Bool())
	case v.Kind() == reflect.String:
		out.SetString(strings.Clone(v.String()))
	default:
		var words []string
		return strings.Join(collect(words, v, maxDepth), " ")
	}
	return out.Interface()
}

// Bounds of the text made of one argument.
const (
	maxDepth = 4
	maxWords = 32
)

// collect appends the numbers and strings inside a value, in the order of its fields.
func collect(words []string, v reflect.Value, depth int) []string {
	if depth == 0 || len(words) >= maxWords {
		return words
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(words, "<nil>")
		}
		return collect(words, v.Elem(), depth-1)
	case reflect.Struct:
		for i := range v.NumField() {
			words = collect(words, v.Field(i), depth-1)
		}
		return words
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			words = collect(words, v.Index(i), depth-1)
		}
		return words
	case reflect.String:
		return append(words, strings.Clone(v.String()))
	}
	return append(words, scalar(v))
}

// scalar writes a value without parts.
func scalar(v reflect.Value) string {
	switch {
	case v.CanInt():
		return fmt.Sprint(v.Int())
	case v.CanUint():
		return fmt.Sprint(v.Uint())
	case v.CanFloat():
		return fmt.Sprint(v.Float())
	case v.Kind() == reflect.Bool:
		return fmt.Sprint(v.Bool())
	}
	return "a " + v.Kind().String()
}
