package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/violation"
)

const (
	// MaxExternalIDLength bounds an external id, in bytes.
	MaxExternalIDLength = 1024
	// MaxMetadataLength bounds public and admin metadata, in bytes each.
	MaxMetadataLength = 1 << 20
	// MaxMetadataDepth bounds the nesting of metadata: a request body is bounded at
	// 100 levels, and metadata lies one level inside.
	MaxMetadataDepth = 99
)

func checkFields(state State, externalID string, public, admin json.RawMessage) error {
	return violation.Join(
		state.check(),
		checkExternalID(externalID),
		checkMetadata("/metadata_public", public),
		checkMetadata("/metadata_admin", admin))
}

// checkExternalID refuses what could not be used again in the path of a request,
// or would not be the same text to every database and log.
func checkExternalID(id string) error {
	keyword, reason := "pattern", ""
	switch {
	case len(id) > MaxExternalIDLength:
		keyword, reason = "maxLength", fmt.Sprintf("must be at most %d bytes long", MaxExternalIDLength)
	case !utf8.ValidString(id):
		reason = "must be valid UTF-8"
	case strings.ContainsFunc(id, unicode.IsControl):
		reason = "must not hold control characters"
	default:
		return nil
	}
	return violation.New("/external_id", keyword, reason)
}

func checkMetadata(field string, value json.RawMessage) error {
	if len(value) == 0 {
		return nil
	}
	if len(value) > MaxMetadataLength {
		return violation.New(field, "maxLength", "must be at most 1 MiB long")
	}
	err := strictjson.Check(value, MaxMetadataDepth)
	if err == nil {
		return nil
	}
	if invalid := (*violation.Error)(nil); errors.As(err, &invalid) {
		return invalid.Under(field)
	}
	return violation.New(field, "json", err.Error())
}
