package move

import "errors"

// errBudget is an encoded budget with a value out of its bounds.
var errBudget = errors.New("move: a budget with a value out of its bounds")
