package query_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/schema"
)

// What follows says a second time, as simply as can be and without a thought for speed, which identities an
// expression matches.

// condition is an expression of the reference.
type condition struct {
	op   string // "and", "or", "not", "any", or the operator of a comparison
	path []string
	want any // string, json.Number or bool
	kids []condition
}

// expr builds the expression by the functions of the package.
func (c condition) expr() query.Expr {
	pointer := ""
	for _, name := range c.path {
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	}
	kids := make([]query.Expr, len(c.kids))
	for n, kid := range c.kids {
		kids[n] = kid.expr()
	}
	switch c.op {
	case "and":
		return query.And(kids...)
	case "or":
		return query.Or(kids...)
	case "not":
		return query.Not(kids[0])
	case "any":
		return query.Any(pointer, kids[0])
	case "pr":
		return query.Present(pointer)
	case "co":
		return query.Contains(pointer, c.want.(string))
	case "sw":
		return query.StartsWith(pointer, c.want.(string))
	case "ew":
		return query.EndsWith(pointer, c.want.(string))
	}
	return map[string]func(string, any) query.Expr{
		"eq": query.Eq, "ne": query.Ne, "gt": query.Gt, "ge": query.Ge, "lt": query.Lt, "le": query.Le,
	}[c.op](pointer, c.want)
}

// Values of an identity that are more than their JSON.
type (
	instant time.Time
	name    struct { // an identifier or the value of an address
		text  string
		exact bool
	}
	idText string
)

// adminView is the identity as nested maps and lists.
func adminView(i *identity.Identity) map[string]any {
	all := map[string]any{
		"id": idText(i.ID.String()), "schema_id": i.SchemaID, "state": string(i.State),
		"created_at": instant(i.CreatedAt), "updated_at": instant(i.UpdatedAt), "state_changed_at": instant(i.StateChangedAt),
		"traits": decode(i.Traits), "metadata_public": decode(i.MetadataPublic), "metadata_admin": decode(i.MetadataAdmin),
	}
	if i.ExternalID != "" {
		all["external_id"] = i.ExternalID
	}
	if i.OrganizationID.Valid {
		all["organization_id"] = idText(i.OrganizationID.UUID.String())
	}
	var identifiers []any
	byType := map[string]any{}
	for t, c := range i.Credentials {
		var own []any
		for _, identifier := range c.Identifiers {
			exact := t != "password" && t != "webauthn" && t != "code"
			own = append(own, name{identifier, exact})
		}
		identifiers = append(identifiers, own...)
		byType[string(t)] = map[string]any{
			"type": string(t), "identifiers": own, "version": json.Number(strconv.Itoa(c.Version)),
			"created_at": instant(c.CreatedAt), "updated_at": instant(c.UpdatedAt),
		}
	}
	if len(byType) > 0 {
		all["credentials"] = byType
	}
	all["identifiers"] = identifiers
	var verifiable, recovery []any
	for _, a := range i.VerifiableAddresses {
		address := map[string]any{
			"id": idText(a.ID.String()), "value": name{a.Value, false}, "via": a.Via, "verified": a.Verified, "status": string(a.Status),
			"created_at": instant(a.CreatedAt), "updated_at": instant(a.UpdatedAt),
		}
		if !a.VerifiedAt.IsZero() {
			address["verified_at"] = instant(a.VerifiedAt)
		}
		verifiable = append(verifiable, address)
	}
	for _, a := range i.RecoveryAddresses {
		recovery = append(recovery, map[string]any{
			"id": idText(a.ID.String()), "value": name{a.Value, false}, "via": a.Via,
			"created_at": instant(a.CreatedAt), "updated_at": instant(a.UpdatedAt),
		})
	}
	all["verifiable_addresses"], all["recovery_addresses"] = verifiable, recovery
	return all
}

func decode(raw json.RawMessage) any {
	if raw == nil {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic(err)
	}
	return value
}

// values are those that a path leads to; nil is one that is absent.
func values(v any, path []string) []any {
	if list, ok := v.([]any); ok {
		if len(path) > 0 && isIndex(path[0]) {
			index, _ := strconv.Atoi(path[0])
			if index >= len(list) {
				return []any{nil}
			}
			return values(list[index], path[1:])
		}
		var all []any
		for _, element := range list {
			all = append(all, values(element, path)...)
		}
		if len(all) == 0 {
			return []any{nil}
		}
		return all
	}
	if len(path) == 0 {
		return []any{v}
	}
	if object, ok := v.(map[string]any); ok {
		return values(object[path[0]], path[1:])
	}
	return []any{nil}
}

func isIndex(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && strconv.Itoa(n) == s && n >= 0
}

func (c condition) matches(v any) bool {
	switch c.op {
	case "and":
		return !slices.ContainsFunc(c.kids, func(kid condition) bool { return !kid.matches(v) })
	case "or":
		return slices.ContainsFunc(c.kids, func(kid condition) bool { return kid.matches(v) })
	case "not":
		return !c.kids[0].matches(v)
	case "any":
		return slices.ContainsFunc(values(v, c.path), func(e any) bool { return e != nil && c.kids[0].matches(e) })
	}
	return slices.ContainsFunc(values(v, c.path), c.matchesValue)
}

func (c condition) matchesValue(got any) bool {
	switch c.op {
	case "pr":
		return got != nil
	case "co", "sw", "ew":
		return c.matchesText(got)
	}
	order, comparable := order(got, c.want)
	switch c.op {
	case "eq":
		return comparable && order == 0
	case "ne":
		return !comparable || order != 0
	case "gt":
		return comparable && order > 0
	case "ge":
		return comparable && order >= 0
	case "lt":
		return comparable && order < 0
	}
	return comparable && order <= 0
}

func order(got, want any) (int, bool) {
	switch got := got.(type) {
	case bool:
		if want, ok := want.(bool); ok && got != want {
			return 1, true
		} else {
			return 0, ok
		}
	case json.Number:
		want, ok := want.(json.Number)
		if !ok {
			return 0, false
		}
		a, _ := new(big.Rat).SetString(string(got))
		b, _ := new(big.Rat).SetString(string(want))
		return a.Cmp(b), true
	}
	text, ok := want.(string)
	if !ok {
		return 0, false
	}
	switch got := got.(type) {
	case string:
		return slices.Compare([]rune(got), []rune(text)), true
	case idText:
		if parsed, err := uuid.Parse(text); err == nil {
			text = parsed.String()
		}
		return strings.Compare(string(got), text), true
	case name:
		if !got.exact {
			text = schema.Normalize(text)
		}
		return slices.Compare([]rune(got.text), []rune(text)), true
	case instant:
		at, _ := time.Parse(time.RFC3339Nano, text)
		return time.Time(got).Compare(at), true
	}
	return 0, false
}

func (c condition) matchesText(got any) bool {
	want := c.want.(string)
	var text string
	switch got := got.(type) {
	case string:
		text = got
	case idText:
		text = string(got)
	case instant:
		text = time.Time(got).UTC().Format(time.RFC3339Nano)
	case name:
		if text = got.text; !got.exact {
			want = schema.Normalize(want)
		}
	default:
		return false
	}
	return foldContains(c.op, text, want)
}

func foldContains(op, text, want string) bool {
	a, b := []rune(norm.NFC.String(text)), []rune(norm.NFC.String(want))
	for at := range len(a) - len(b) + 1 {
		if op == "sw" && at > 0 || op == "ew" && at < len(a)-len(b) {
			continue
		}
		equal := true
		for n := range b {
			equal = equal && strings.EqualFold(string(a[at+n]), string(b[n]))
		}
		if equal {
			return true
		}
	}
	return false
}

// random makes identities and conditions that have enough in common to match now and then.
type random struct{ *rand.Rand }

func newRandom(seed uint64) random { return random{rand.New(rand.NewPCG(seed, 1))} }

func one[T any](r random, from ...T) T { return from[r.IntN(len(from))] }

func (r random) word() string {
	return one(r, "a", "b", "ab", "A", "é", "e\u0301", "É", "ß", "ẞ", "ss", "İ", "i", "\u0000", "a\u0000b", "k", "\u212a", "", "10", "9",
		"Wien", "wien", "naïve name", "😀", "\uffff", "\"q\"", "a\nb", "x@y.co", "X@Y.CO", "+1 650 253 0000", "+16502530000", strings.Repeat("z", 70))
}

func (r random) number() string {
	return one(r, "0", "-0", "0.0", "1", "1.0", "10", "1e1", "100", "1e2", "1E+2", "0.1", "0.10", "0.3", "0.30000000000000004", "9007199254740993",
		"9007199254740992", "-1", "-1.5", "-15e-1", "9", "-9", "12345678901234567890.5", "1e300", "1e-300", "-1e300")
}

func (r random) id() uuid.UUID { return uuid.UUID{15: byte(r.IntN(4))} }

func (r random) time() time.Time {
	return time.Date(2026, 1, 1, r.IntN(3), 0, 0, r.IntN(2)*1000, time.UTC)
}

func (r random) literal() any {
	switch r.IntN(5) {
	case 0, 1:
		return json.Number(r.number())
	case 2:
		return r.IntN(2) == 0
	}
	return r.word()
}

func (r random) key() string {
	return one(r, "a", "b", "c", "a.b", "0", "1", "", "x/y", "x~y", "é", "not")
}

// json writes a value with the freedom that JSON gives.
func (r random) json(depth int) string {
	space := one(r, "", "", " ", "\n\t")
	kind := r.IntN(9)
	if depth == 0 {
		kind %= 6
	}
	switch kind {
	case 0, 1:
		return space + r.number()
	case 2:
		return one(r, "true", "false")
	case 3:
		return "null"
	case 4, 5:
		return space + r.quote(r.word())
	case 6:
		return r.object(depth)
	}
	var elements []string
	for range r.IntN(4) {
		elements = append(elements, r.json(depth-1))
	}
	return "[" + space + strings.Join(elements, ","+space) + space + "]"
}

func (r random) object(depth int) string {
	var members []string
	used := map[string]bool{}
	for range r.IntN(4) {
		if key := r.key(); !used[key] {
			used[key] = true
			members = append(members, r.quote(key)+" :"+r.json(depth-1))
		}
	}
	return "{" + strings.Join(members, " ,") + "}"
}

// quote escapes now and then what need not be.
func (r random) quote(s string) string {
	escapeAll := r.IntN(4) == 0
	out := `"`
	for _, c := range s {
		if c < ' ' || c == '"' || c == '\\' || escapeAll && c < 0x10000 {
			out += fmt.Sprintf(`\u%04X`, c)
		} else {
			out += string(c)
		}
	}
	return out + `"`
}

func (r random) identity() *identity.Identity {
	i := &identity.Identity{
		ID: r.id(), SchemaID: one(r, "person", "device"), State: one(r, identity.StateActive, identity.StateInactive),
		ExternalID: one(r, "", "ext-1", "Ext-2"), Traits: json.RawMessage(r.object(3)),
		CreatedAt: r.time(), UpdatedAt: r.time(), StateChangedAt: r.time(),
	}
	if r.IntN(2) == 0 {
		i.MetadataPublic = json.RawMessage(r.json(2))
	}
	if r.IntN(2) == 0 {
		i.MetadataAdmin = json.RawMessage(r.json(2))
	}
	if r.IntN(2) == 0 {
		i.OrganizationID = uuid.NullUUID{UUID: r.id(), Valid: true}
	}
	for range r.IntN(3) {
		a := identity.VerifiableAddress{ID: r.id(), Value: schema.Normalize(r.word()), Via: one(r, "email", "sms"), Verified: r.IntN(2) == 0,
			Status: one(r, identity.AddressPending, identity.AddressCompleted), CreatedAt: r.time(), UpdatedAt: r.time()}
		if a.Verified {
			a.VerifiedAt = r.time()
		}
		i.VerifiableAddresses = append(i.VerifiableAddresses, a)
		i.RecoveryAddresses = append(i.RecoveryAddresses, identity.RecoveryAddress{ID: r.id(), Value: a.Value, Via: a.Via, CreatedAt: r.time(), UpdatedAt: r.time()})
	}
	i.Credentials = r.credentials()
	return i
}

func (r random) credentials() credentials.Set {
	all := credentials.Set{}
	for _, t := range credentials.Types() {
		if r.IntN(3) > 0 {
			continue
		}
		c := credentials.Credential{Type: t, Version: r.IntN(2), CreatedAt: r.time(), UpdatedAt: r.time()}
		for range r.IntN(3) {
			identifier := r.word()
			if t.IdentifiersFromTraits() {
				identifier = schema.Normalize(identifier)
			}
			c.Identifiers = append(c.Identifiers, identifier)
		}
		all[t] = c
	}
	return all
}

// condition makes a condition whose paths begin at the identity ("") or at what the name says.
func (r random) condition(at string, depth int) condition {
	kind := r.IntN(12)
	if depth == 0 {
		kind = 11
	}
	switch kind {
	case 0, 1, 2:
		c := condition{op: one(r, "and", "or")}
		for range 1 + r.IntN(3) {
			c.kids = append(c.kids, r.condition(at, depth-1))
		}
		return c
	case 3, 4:
		return condition{op: "not", kids: []condition{r.condition(at, depth-1)}}
	case 5, 6, 7:
		if path, ok := r.record(at); ok {
			return condition{op: "any", path: path, kids: []condition{r.condition(elementOf(at, path), depth-1)}}
		}
	}
	return r.comparison(at)
}

// record is a path to something that has attributes, if there is one.
func (r random) record(at string) ([]string, bool) {
	switch at {
	case "":
		return one(r, []string{"traits"}, []string{"metadata_admin"}, []string{"traits", r.key()}, []string{"verifiable_addresses"},
			[]string{"recovery_addresses"}, []string{"credentials", "password"}, []string{"metadata_public"}), true
	case "json":
		return one(r, nil, []string{r.key()}, []string{r.key()}), true
	}
	return nil, false
}

// elementOf is what the elements of a path are.
func elementOf(at string, path []string) string {
	if at != "" {
		return at
	}
	switch path[0] {
	case "verifiable_addresses", "recovery_addresses", "credentials":
		return path[0]
	}
	return "json"
}

func (r random) comparison(at string) condition {
	path, form := r.path(at)
	c := condition{path: path, op: one(r, "pr", "eq", "ne", "gt", "ge", "lt", "le", "co", "sw", "ew", "eq")}
	switch c.op {
	case "pr":
	case "co", "sw", "ew":
		if c.want = r.word(); form == "name" && schema.Normalize(c.want.(string)) == "" {
			c.want = "x"
		}
	default:
		c.want = r.want(form)
		if _, ok := c.want.(bool); ok && c.op != "ne" {
			c.op = "eq"
		}
	}
	return c
}

func (r random) want(form string) any {
	switch form {
	case "time":
		return r.time().In(time.FixedZone("", 3600)).Format(time.RFC3339Nano)
	case "id":
		return one(r, r.id().String(), strings.ReplaceAll(r.id().String(), "-", ""))
	case "text":
		return one(r, "active", "inactive", "person", "email", "completed", "password", "ext-1", r.word())
	}
	return r.literal()
}

// path is a path to a value, and the form of the value.
func (r random) path(at string) ([]string, string) {
	created := one(r, "created_at", "updated_at")
	switch at {
	case "":
	case "json":
		path := []string{}
		for range r.IntN(3) {
			path = append(path, r.key())
		}
		return path, "json"
	case "verifiable_addresses":
		if r.IntN(2) == 0 {
			return []string{"verified"}, "json"
		}
		return one(r, []string{"value"}, []string{"value"}), "name"
	case "recovery_addresses":
		return []string{one(r, "via")}, "text"
	case "credentials":
		return []string{"version"}, "json"
	}
	switch r.IntN(12) {
	case 0:
		return []string{one(r, "id", "organization_id")}, "id"
	case 1:
		return []string{one(r, "state", "schema_id", "external_id")}, "text"
	case 2:
		return []string{one(r, created, "state_changed_at")}, "time"
	case 3:
		return []string{"identifiers"}, "name"
	case 4:
		t := string(one(r, credentials.Types()...))
		return append([]string{"credentials", t}, one(r, "version", "type")), "json"
	case 5:
		t := string(one(r, credentials.Types()...))
		return []string{"credentials", t, "identifiers"}, "name"
	case 6:
		return []string{one(r, "verifiable_addresses", "recovery_addresses"), "value"}, "name"
	case 7:
		return one(r, []string{"verifiable_addresses", "0", "verified_at"}, []string{"recovery_addresses", "1", created}), "time"
	}
	path := []string{one(r, "traits", "traits", "metadata_public", "metadata_admin")}
	for range r.IntN(4) {
		path = append(path, r.key())
	}
	return path, "json"
}
