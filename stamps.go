package idem

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
)

// What comes from the application's own functions is checked where it would be kept. An identity with the nil id is in no
// list, which begins after it; a year that RFC 3339 cannot write is refused by every JSON decoder.
var (
	errNilID = errors.New("idem: the function of WithIDs has returned the nil UUID")
	errClock = errors.New("idem: the clock of WithClock is out of range: the year must be from 1 to 9999")
)

// checkStamps checks the ids and the times that a change gives an identity.
func checkStamps(i *identity.Identity) error {
	switch {
	case i.ID == uuid.Nil,
		slices.ContainsFunc(i.VerifiableAddresses, func(a identity.VerifiableAddress) bool { return a.ID == uuid.Nil }),
		slices.ContainsFunc(i.RecoveryAddresses, func(a identity.RecoveryAddress) bool { return a.ID == uuid.Nil }):
		return errNilID
	}
	return checkTime(i.UpdatedAt)
}

func checkTime(at time.Time) error {
	if year := at.Year(); year < 1 || year > 9999 {
		return fmt.Errorf("%w, not %d", errClock, year)
	}
	return nil
}
