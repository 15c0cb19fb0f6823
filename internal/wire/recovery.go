package wire

import (
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/violation"
)

const (
	// DefaultRecoveryLife is how long a recovery code of an administrator is good where the request does not say.
	DefaultRecoveryLife = time.Hour
	// MaxRecoveryLife is how long it is good at most.
	MaxRecoveryLife = 30 * 24 * time.Hour
)

// Recovery is what an administrator asks for: a code, or a link, to recover an identity.
type Recovery struct {
	IdentityID uuid.UUID
	// Life is how long it is good, above 0 and at most MaxRecoveryLife.
	Life time.Duration
}

type recoveryBody struct {
	IdentityID string  `json:"identity_id"`
	ExpiresIn  *string `json:"expires_in"`
	FlowType   ignored `json:"flow_type"`
}

// ReadRecovery reads the body of a request for a recovery code or link. The error is a [*violation.Error].
func ReadRecovery(body []byte) (Recovery, error) {
	var b recoveryBody
	if err := decode(body, &b); err != nil {
		return Recovery{}, err
	}
	r := Recovery{Life: DefaultRecoveryLife}
	var errs []error
	id, ok := ParseID(b.IdentityID)
	if !ok {
		errs = append(errs, violation.New("/identity_id", "format", "must be a UUID"))
	}
	r.IdentityID = id
	if b.ExpiresIn != nil && *b.ExpiresIn != "" {
		life, err := time.ParseDuration(*b.ExpiresIn)
		if err != nil || life <= 0 || life > MaxRecoveryLife {
			errs = append(errs, violation.New("/expires_in", "format", "must be a duration such as 30m or 24h, above 0 and at most 720h"))
		}
		r.Life = life
	}
	return r, violation.Join(errs...)
}
