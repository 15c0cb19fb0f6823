package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/jsonpatch"
	"github.com/idemkit/idem/violation"
)

// patchable is the document that a patch works on. Its fields are looked at one by
// one; what is not here is refused.
type patchable struct {
	ID                  jsontext.Value            `json:"id"`
	ExternalID          string                    `json:"external_id"`
	Credentials         map[string]jsontext.Value `json:"credentials"`
	SchemaID            string                    `json:"schema_id"`
	State               identity.State            `json:"state"`
	StateChangedAt      jsontext.Value            `json:"state_changed_at"`
	Traits              jsontext.Value            `json:"traits"`
	VerifiableAddresses []map[string]any          `json:"verifiable_addresses"`
	RecoveryAddresses   jsontext.Value            `json:"recovery_addresses"`
	MetadataPublic      jsontext.Value            `json:"metadata_public"`
	MetadataAdmin       jsontext.Value            `json:"metadata_admin"`
	CreatedAt           jsontext.Value            `json:"created_at"`
	UpdatedAt           jsontext.Value            `json:"updated_at"`
	OrganizationID      *string                   `json:"organization_id"`
}

// ErrTestFailed says that a test operation of a patch found another value.
var ErrTestFailed = jsonpatch.ErrTestFailed

// Patch is a change to part of an identity: a JSON Patch or a JSON Merge Patch. Make one with [JSONPatch] or
// [MergePatch]; the zero value is refused by [Patch.Check].
type Patch struct {
	check    func(patch []byte) error
	apply    func(document, patch []byte) ([]byte, error)
	document []byte
}

// JSONPatch returns the patch that document, a JSON array of operations (RFC 6902), describes.
func JSONPatch(document []byte) Patch { return Patch{jsonpatch.Check, jsonpatch.Apply, document} }

// MergePatch returns the patch that document, a JSON object (RFC 7396), describes.
func MergePatch(document []byte) Patch { return Patch{jsonpatch.CheckMerge, jsonpatch.Merge, document} }

// Size is the length of the patch in bytes.
func (p Patch) Size() int { return len(p.document) }

// Check returns the errors of the patch that do not depend on an identity, as a [*violation.Error].
func (p Patch) Check() error {
	if p.check == nil {
		return violation.New("", "", "the patch is empty")
	}
	return p.check(p.document)
}

// ResolvePatch applies patch to current, written with the config of every credential but without schema_url, and returns
// the edit that it comes to. current stays as it is.
//
// Errors: a [*violation.Error] for a patch that cannot be applied or changes what a patch must not change, with pointers
// into the patch or the identity; one that wraps [ErrTestFailed].
func ResolvePatch(current *identity.Identity, patch Patch) (identity.Edit, error) {
	document := View{Configs: credentials.Types(), HideSchemaURL: true}.Append(nil, current)
	patched, err := patch.apply(document, patch.document)
	if err != nil {
		return identity.Edit{}, err
	}
	before, err := readPatchable(document)
	if err != nil {
		return identity.Edit{}, err
	}
	after, err := readPatchable(patched)
	if err != nil {
		return identity.Edit{}, err
	}
	change := identity.Edit{Update: identity.Update{
		SchemaID: after.SchemaID, State: after.State, ExternalID: after.ExternalID,
		// What the patch did not change keeps its bytes.
		Traits:         kept(current.Traits, after.Traits),
		MetadataPublic: kept(current.MetadataPublic, after.MetadataPublic),
		MetadataAdmin:  kept(current.MetadataAdmin, after.MetadataAdmin),
	}}
	errs := []error{checkProtected(before, after)}
	if after.SchemaID == "" {
		errs = append(errs, violation.New("/schema_id", "", "must name a schema"))
	}
	if after.State == "" {
		errs = append(errs, violation.New("/state", "", `must be "active" or "inactive"`))
	}
	errs = append(errs,
		resolveOrganization(&change, after.OrganizationID),
		resolveVerifications(&change, before.VerifiableAddresses, after.VerifiableAddresses),
		resolveCredentials(&change, before.Credentials, after.Credentials))
	return change, violation.Join(errs...)
}

func readPatchable(document []byte) (patchable, error) {
	var p patchable
	return p, decode(document, &p)
}

// kept returns was if now is the same JSON value, however it is written.
func kept(was json.RawMessage, now jsontext.Value) json.RawMessage {
	if len(was) > 0 && len(now) > 0 && sameJSON(jsontext.Value(was), now) {
		return was
	}
	return json.RawMessage(now)
}

func sameJSON(a, b jsontext.Value) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	left, leftErr := decodeJSON(a)
	right, rightErr := decodeJSON(b)
	return leftErr == nil && rightErr == nil && reflect.DeepEqual(left, right)
}

// decodeJSON keeps numbers as they are written: two that differ only in what a float
// cannot hold are not the same, and metadata may hold some that no float can.
func decodeJSON(value jsontext.Value) (decoded any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	err = decoder.Decode(&decoded)
	return decoded, err
}

func checkProtected(before, after patchable) error {
	var errs []error
	for _, field := range []struct {
		pointer    string
		was, isNow jsontext.Value
	}{
		{"/id", before.ID, after.ID},
		{"/state_changed_at", before.StateChangedAt, after.StateChangedAt},
		{"/created_at", before.CreatedAt, after.CreatedAt},
		{"/updated_at", before.UpdatedAt, after.UpdatedAt},
		{"/recovery_addresses", before.RecoveryAddresses, after.RecoveryAddresses},
	} {
		if !sameJSON(field.was, field.isNow) {
			errs = append(errs, protected(field.pointer))
		}
	}
	return violation.Join(errs...)
}

func protected(pointer string) error {
	return violation.New(pointer, "", "cannot be changed by a patch")
}

func resolveOrganization(change *identity.Edit, organization *string) error {
	if organization == nil {
		return nil
	}
	id, err := uuid.Parse(*organization)
	if err != nil {
		return violation.New("/organization_id", "", "must be a UUID or null")
	}
	change.OrganizationID = uuid.NullUUID{UUID: id, Valid: true}
	return nil
}

// resolveVerifications finds what changed of the addresses, of which there must be
// as many as before, in the same order.
func resolveVerifications(change *identity.Edit, before, after []map[string]any) error {
	if len(before) != len(after) {
		return violation.New("/verifiable_addresses", "", "follow from the traits; a patch can neither add nor remove one")
	}
	change.Verifications = map[uuid.UUID]identity.Verification{}
	var errs []error
	for n := range after {
		pointer := fmt.Sprintf("/verifiable_addresses/%d", n)
		v, changed, err := resolveVerification(pointer, before[n], after[n])
		errs = append(errs, err)
		if !changed {
			continue
		}
		text, _ := before[n]["id"].(string)
		if id, err := uuid.Parse(text); err == nil {
			change.Verifications[id] = v
		}
	}
	return violation.Join(errs...)
}

func resolveVerification(pointer string, before, after map[string]any) (v identity.Verification, changed bool, err error) {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if reflect.DeepEqual(before[name], after[name]) {
			continue
		}
		changed = true
		switch value := after[name].(type) {
		case bool:
			if name == "verified" {
				v.Verified = &value
				continue
			}
		case string:
			status := identity.AddressStatus(value)
			if name == "status" && status.IsKnown() {
				v.Status = &status
				continue
			}
		}
		switch name {
		case "verified":
			errs = append(errs, violation.New(pointer+"/verified", "", "must be true or false"))
		case "status":
			errs = append(errs, violation.New(pointer+"/status", "", `must be "pending", "sent" or "completed"`))
		default:
			errs = append(errs, protected(pointer+"/"+name))
		}
	}
	return v, changed, violation.Join(errs...)
}
