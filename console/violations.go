package console

import (
	"errors"

	"github.com/idemkit/idem/violation"
)

// violationsOf returns what is wrong with an input, by the error that refuses it.
func violationsOf(err error) []violation.Violation {
	var invalid *violation.Error
	if errors.As(err, &invalid) {
		return invalid.Violations
	}
	return nil
}
