package idem

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/strictjson"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
)

// input is what a create and an update have in common: what must be checked and
// worked out before a store's transaction begins.
type input struct {
	schemas     *schema.Registry
	hasher      passwordhash.Hasher
	schemaID    string
	traits      json.RawMessage
	credentials *credentials.Import
	// kept is what the traits gave already, where they and their schema stay as they
	// are: they are not validated again. Otherwise it is nil.
	kept *schema.Derived
	// derived, if isDerived is set, is what derive has returned before.
	isDerived bool
	derived   *schema.Derived
	traitsErr error
	// judged tells that the policy has agreed to the password before.
	judged bool
	// stored is the credentials that the identity has. What they hold is accepted again.
	stored credentials.Set
	// checked is what the fields' own check found.
	checked error
}

// limits says what an import may hold.
func (m *Manager) limits(in input) credentials.Limits {
	return credentials.Limits{HashCost: m.hashCost, Stored: in.stored}
}

// facts checks in and works out what the rules need, the slow parts included. It
// reports everything that is wrong at once, and hashes only what will be kept.
func (m *Manager) facts(ctx context.Context, in input) (identity.Facts, error) {
	if err := ctx.Err(); err != nil {
		return identity.Facts{}, err
	}
	derived, traitsErr := in.derive()
	policyErr, codeErr := m.checkPolicy(ctx, in, derived), in.checkCode(derived)
	if violation.Join(in.checked, policyErr, traitsErr, codeErr) != nil {
		// Only now: where nothing else is wrong, Prepare makes the same checks.
		return identity.Facts{}, violation.Join(in.checked, m.checkCredentials(in), policyErr, traitsErr, codeErr)
	}
	facts := identity.Facts{SchemaID: in.schemaID, Derived: derived, NewID: memoize(m.newID)}
	if in.credentials != nil {
		prepared, err := in.credentials.Prepare(ctx, in.hasher, m.limits(in))
		if err != nil {
			return identity.Facts{}, credentialsError(err)
		}
		facts.Credentials = prepared
	}
	facts.Now = m.now()
	return facts, nil
}

// derive returns what the schema makes of the traits, or what they gave where they are kept.
func (in input) derive() (*schema.Derived, error) {
	switch {
	case in.kept != nil:
		return in.kept, nil
	case in.isDerived:
		return in.derived, in.traitsErr
	}
	s, known := in.schemas.Get(in.schemaID)
	if !known {
		return nil, unknownSchema
	}
	if len(in.traits) == 0 {
		return s.Validate([]byte("{}"))
	}
	return s.Validate(in.traits)
}

// unknownSchema does not repeat the id, which the caller knows and a log need not.
var unknownSchema = violation.New("/schema_id", "enum", "no schema with this id is registered")

func (m *Manager) checkCredentials(in input) error {
	if in.credentials == nil {
		return nil
	}
	return credentialsError(in.credentials.Check(m.limits(in)))
}

// refersToStored reports whether in, which knows nothing yet of the identity, imports a value that is accepted only if
// the identity has it already, or not at all.
func (m *Manager) refersToStored(in input) bool { return m.checkCredentials(in) != nil }

// checkCode accepts the config of a code credential that the identity has, or that derived gives, so that what was read can
// be sent back with other traits too. It refuses any other: a caller that sends another expects what will not happen.
func (in input) checkCode(derived *schema.Derived) error {
	if in.credentials == nil || in.credentials.Code == nil || derived == nil {
		return nil
	}
	given := in.credentials.Code.Addresses
	if stored, exists := in.stored[credentials.TypeCode]; exists && slices.Equal(given, stored.Config.Addresses) {
		return nil
	}
	same := slices.EqualFunc(given, derived.CodeAddresses, func(given credentials.CodeAddress, a schema.Address) bool {
		return given.Channel == a.Via && given.Address == a.Value
	})
	if !same {
		return violation.New("/credentials/code/config", "readOnly", "is derived from the traits and cannot be imported")
	}
	return nil
}

// credentialsError puts the field names of package credentials, which are relative
// to the credentials, where they belong in the request.
func credentialsError(err error) error {
	if invalid := (*violation.Error)(nil); errors.As(violation.Join(err), &invalid) {
		return invalid.Under("/credentials")
	}
	return err
}

// memoize returns the n-th value of next, the same each time: a rule that runs
// twice must come out the same. It draws no more than are asked for.
func memoize(next func() uuid.UUID) func(n int) uuid.UUID {
	var ids []uuid.UUID
	return func(n int) uuid.UUID {
		if ids == nil {
			ids = make([]uuid.UUID, 0, 4) // an e-mail address and a phone number, to verify and for recovery
		}
		for len(ids) <= n {
			ids = append(ids, next())
		}
		return ids[n]
	}
}

// checkShape reports what is wrong with traits whatever their schema, for when it is
// not known which one that is.
func checkShape(traits json.RawMessage) error {
	if len(traits) == 0 {
		return nil
	}
	value, err := strictjson.Decode(traits, strictjson.Limits{Depth: schema.MaxTraitsDepth, Values: schema.MaxTraitsValues})
	if invalid := (*violation.Error)(nil); errors.As(err, &invalid) {
		return invalid.Under("/traits")
	}
	if _, isObject := value.(map[string]any); !isObject {
		return violation.New("/traits", "type", "must be a JSON object")
	}
	return nil
}
