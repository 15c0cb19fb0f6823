package identity

import (
	"bytes"
	"slices"

	"github.com/idemkit/idem/credentials"
)

// ChangedFields returns the fields that differ between two versions of an identity. Each
// is an RFC 6901 pointer into the wire form, such as "/traits" or "/credentials/password".
// They are in the order of the wire form. "/sign_in_epoch" comes last; it is not on the
// wire. The result never has /state_changed_at or /updated_at: both follow from the other
// fields.
func ChangedFields(before, after *Identity) []string {
	fields := make([]string, 0, 4)
	add := func(changed bool, field string) {
		if changed {
			fields = append(fields, field)
		}
	}
	add(before.ExternalID != after.ExternalID, "/external_id")
	for _, t := range changedCredentials(before.Credentials, after.Credentials) {
		fields = append(fields, "/credentials/"+string(t))
	}
	add(before.SchemaID != after.SchemaID, "/schema_id")
	add(before.State != after.State, "/state")
	add(!bytes.Equal(before.Traits, after.Traits), "/traits")
	add(!slices.EqualFunc(before.VerifiableAddresses, after.VerifiableAddresses, VerifiableAddress.Equal), "/verifiable_addresses")
	add(!slices.EqualFunc(before.RecoveryAddresses, after.RecoveryAddresses, RecoveryAddress.Equal), "/recovery_addresses")
	add(!equalMetadata(before.MetadataPublic, after.MetadataPublic), "/metadata_public")
	add(!equalMetadata(before.MetadataAdmin, after.MetadataAdmin), "/metadata_admin")
	add(before.OrganizationID != after.OrganizationID, "/organization_id")
	add(before.SignInEpoch != after.SignInEpoch, "/sign_in_epoch")
	return fields
}

func changedCredentials(before, after credentials.Set) []credentials.Type {
	if before.Equal(after) {
		return nil
	}
	changed := make([]credentials.Type, 0, len(after))
	for t, c := range after {
		if previous, existed := before[t]; !existed || !previous.Equal(c) {
			changed = append(changed, t)
		}
	}
	for t := range before {
		if _, exists := after[t]; !exists {
			changed = append(changed, t)
		}
	}
	slices.Sort(changed)
	return changed
}
