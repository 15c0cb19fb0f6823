package identity

import (
	"bytes"
	"slices"

	"github.com/idemkit/idem/credentials"
)

// ChangedFields returns which fields differ between two versions of an identity, as
// RFC 6901 pointers into its wire form, such as "/traits" or "/credentials/password",
// in the order of the wire form. "/sign_in_epoch", which is not on the wire, is the last. State comes without /state_changed_at, and nothing
// comes with /updated_at: both follow from the rest.
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
	var changed []credentials.Type
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
