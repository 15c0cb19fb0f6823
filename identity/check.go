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
	return errors.Join(
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
	return &InvalidError{Field: "/external_id", Keyword: keyword, Reason: reason}
}

func checkMetadata(field string, value json.RawMessage) error {
	if len(value) == 0 {
		return nil
	}
	if len(value) > MaxMetadataLength {
		return &InvalidError{Field: field, Keyword: "maxLength", Reason: "must be at most 1 MiB long"}
	}
	err := strictjson.Check(value, MaxMetadataDepth)
	if err == nil {
		return nil
	}
	var invalid *violation.Error
	if errors.As(err, &invalid) {
		v := invalid.Violations[0]
		return &InvalidError{Field: field + v.Pointer, Keyword: v.Keyword, Reason: v.Message}
	}
	return &InvalidError{Field: field, Keyword: "json", Reason: err.Error()}
}
