package schema_test

import (
	"strings"
	"testing"

	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/violation"
	"github.com/stretchr/testify/require"
)

// login marks a trait as an identifier of the password credential.
const login = `{"type":"string","ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}}`

// TestScope checks where an annotation applies: to every value that the annotated subschema is applied to.
func TestScope(t *testing.T) {
	for _, test := range []struct {
		name, members, traits string
		want                  []string // "pointer value"
	}{
		{"property", `"properties":{"a":LOGIN}`, `{"a":" A ","b":"B"}`, []string{"/traits/a a"}},
		{"nested object", `"properties":{"a":{"properties":{"b/c":LOGIN}}}`, `{"a":{"b/c":"A"}}`, []string{"/traits/a/b~1c a"}},
		{"array items", `"properties":{"a":{"items":LOGIN}}`, `{"a":["B","A"]}`, []string{"/traits/a/1 a", "/traits/a/0 b"}},
		{"tuple", `"properties":{"a":{"items":[true,LOGIN]}}`, `{"a":["A","B","C"]}`, []string{"/traits/a/1 b"}},
		{"additionalItems", `"properties":{"a":{"items":[true],"additionalItems":LOGIN}}`, `{"a":["A","B","C"]}`, []string{"/traits/a/1 b", "/traits/a/2 c"}},
		{"additionalItems beside an empty tuple", `"properties":{"a":{"items":[],"additionalItems":LOGIN}}`, `{"a":["A"]}`, []string{"/traits/a/0 a"}},
		{"additionalItems beside a schema has no effect", `"properties":{"a":{"items":true,"additionalItems":LOGIN}}`, `{"a":["A"]}`, nil},
		{"contains, where it holds", `"properties":{"a":{"contains":{"pattern":"^X","allOf":[LOGIN]}}}`, `{"a":["A","Xb","Xc"]}`, []string{"/traits/a/1 xb", "/traits/a/2 xc"}},
		{"patternProperties", `"patternProperties":{"^l":LOGIN}`, `{"l1":"A","m":"B","l2":"C"}`, []string{"/traits/l1 a", "/traits/l2 c"}},
		{"additionalProperties", `"properties":{"a":true},"patternProperties":{"^l":true},"additionalProperties":LOGIN`, `{"a":"A","l":"B","c":"C"}`, []string{"/traits/c c"}},
		{"$ref", `"properties":{"a":{"$ref":"#/definitions/login"}}`, `{"a":"A"}`, []string{"/traits/a a"}},
		{"$ref by a percent-encoded pointer", `"properties":{"a":{"$ref":"#/definitions/%6cogin"}}`, `{"a":"A"}`, []string{"/traits/a a"}},
		{"recursion", `"properties":{"a":{"$ref":"#/definitions/tree"}}`, `{"a":{"name":"A","kids":[{"name":"B","kids":[{"name":"C"}]}]}}`,
			[]string{"/traits/a/name a", "/traits/a/kids/0/name b", "/traits/a/kids/0/kids/0/name c"}},
		{"allOf", `"properties":{"a":{"allOf":[{"minLength":1},LOGIN,LOGIN]}}`, `{"a":"A"}`, []string{"/traits/a a"}},
		{"anyOf, each branch that holds", `"properties":{"a":{"anyOf":[{"maxLength":1,"allOf":[LOGIN]},{"type":"string"}]},"b":{"anyOf":[{"maxLength":1,"allOf":[LOGIN]},{"type":"string"}]}}`,
			`{"a":"A","b":"BB"}`, []string{"/traits/a a"}},
		{"oneOf, the branch that holds", `"oneOf":[{"required":["a"],"properties":{"a":LOGIN,"c":LOGIN}},{"required":["b"],"properties":{"b":LOGIN,"c":{"type":"string"}}}]`,
			`{"b":"B","c":"C"}`, []string{"/traits/b b"}},
		{"then", `"if":{"properties":{"k":{"const":1}}},"then":{"properties":{"a":LOGIN}},"else":{"properties":{"b":LOGIN}}`, `{"k":1,"a":"A","b":"B"}`, []string{"/traits/a a"}},
		{"else", `"if":{"properties":{"k":{"const":1}}},"then":{"properties":{"a":LOGIN}},"else":{"properties":{"b":LOGIN}}`, `{"k":2,"a":"A","b":"B"}`, []string{"/traits/b b"}},
		{"if itself, where it holds", `"if":{"properties":{"a":LOGIN},"required":["a"]}`, `{"a":"A"}`, []string{"/traits/a a"}},
		{"then without if has no effect", `"then":{"properties":{"a":LOGIN}}`, `{"a":"A"}`, nil},
		{"not never applies", `"not":{"required":["x"],"properties":{"a":LOGIN}}`, `{"a":"A"}`, nil},
		{"propertyNames never applies", `"propertyNames":LOGIN`, `{"a":"A"}`, nil},
		{"dependencies, when the property is there", `"dependencies":{"x":{"properties":{"a":LOGIN}},"y":{"properties":{"b":LOGIN}}}`, `{"x":1,"a":"A","b":"B"}`, []string{"/traits/a a"}},
		{"beside $ref has no effect", `"properties":{"a":{"$ref":"#/definitions/text","ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}}}`, `{"a":"A"}`, nil},
		{"null is no identifier", `"properties":{"a":{"type":["string","null"],"ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}}}`, `{"a":null}`, nil},
		{"the same value twice", `"properties":{"b":LOGIN,"a":LOGIN}`, `{"b":"X","a":"x"}`, []string{"/traits/a x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			document := `{"properties":{"traits":{"type":"object",` + test.members + `}},"definitions":{"login":LOGIN,"text":{"type":"string"},
				"tree":{"properties":{"name":LOGIN,"kids":{"items":{"$ref":"#/definitions/tree"}}}}}}`
			derived, err := parse(t, strings.ReplaceAll(document, "LOGIN", login)).Validate([]byte(test.traits))
			require.NoError(t, err)
			var got []string
			for _, identifier := range derived.Identifiers {
				got = append(got, identifier.Pointer+" "+identifier.Value)
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestDerived(t *testing.T) {
	s := parse(t, traitsSchema(`"properties":{
		"email":{"type":"string","format":"email","ory.sh/kratos":{
			"credentials":{"password":{"identifier":true},"webauthn":{"identifier":true},"code":{"identifier":true,"via":"email"},"totp":{"account_name":true}},
			"verification":{"via":"email"},"recovery":{"via":"email"},"organizations":{"matcher":"email_domain"}}},
		"other":{"type":"string","format":"email","ory.sh/kratos":{"verification":{"via":"email"},"recovery":{"via":"email"}}},
		"phone":{"type":"string","format":"tel","ory.sh/kratos":{"credentials":{"code":{"identifier":true,"via":"sms"},"password":{"identifier":true}},"verification":{"via":"sms"},"recovery":{"via":"sms"}}},
		"name":{"type":"string","ory.sh/kratos":{"credentials":{"passkey":{"display_name":true}}}}}`))
	derived, err := s.Validate([]byte(`{"name":"Jo Doe","phone":"+1 (650) 253-0000","other":"B@x.org","email":"Zed@Example.org"}`))
	require.NoError(t, err)
	require.Equal(t, []schema.Identifier{
		{Type: "code", Value: "+16502530000", Pointer: "/traits/phone"},
		{Type: "code", Value: "zed@example.org", Pointer: "/traits/email"},
		{Type: "password", Value: "+16502530000", Pointer: "/traits/phone"},
		{Type: "password", Value: "zed@example.org", Pointer: "/traits/email"},
		{Type: "webauthn", Value: "zed@example.org", Pointer: "/traits/email"},
	}, derived.Identifiers)
	phone := schema.Address{Via: "sms", Value: "+16502530000", Pointer: "/traits/phone"}
	zed := schema.Address{Via: "email", Value: "zed@example.org", Pointer: "/traits/email"}
	b := schema.Address{Via: "email", Value: "b@x.org", Pointer: "/traits/other"}
	require.Equal(t, []schema.Address{phone, zed}, derived.CodeAddresses)
	require.Equal(t, []schema.Address{b, zed, phone}, derived.Verifiable)
	require.Equal(t, []schema.Address{b, zed, phone}, derived.Recovery)
	require.Equal(t, "Jo Doe", derived.PasskeyDisplayName)
	require.Equal(t, "Zed@Example.org", derived.TOTPAccountName)
	require.Equal(t, `{"name":"Jo Doe","phone":"+16502530000","other":"B@x.org","email":"Zed@Example.org"}`, string(derived.Traits))

	derived, err = s.Validate([]byte(`{"email":"Zed@Example.org"}`))
	require.NoError(t, err)
	require.Equal(t, "zed@example.org", derived.PasskeyDisplayName, "the webauthn identifier stands in")
}

// TestAddressRules is the table of what each annotation makes of a value by channel and format.
func TestAddressRules(t *testing.T) {
	const refused = "refused"
	for _, test := range []struct{ name, annotation, format, value, want string }{
		{"verification email", `"verification":{"via":"email"}`, "", "Foo@X.org", "foo@x.org"},
		{"verification email must be valid", `"verification":{"via":"email"}`, "", "foo@öry.sh", refused},
		{"verification email, bare", `"verification":{"via":"email"}`, "", "Name <a@b.c>", refused},
		{"verification email, strict", `"verification":{"via":"email"}`, "email", "al\u200bice@x.org", refused},
		{"verification email, quotes lost", `"verification":{"via":"email"}`, "email", `\"a b\"@x.com`, refused},
		{"verification email, another format", `"verification":{"via":"email"}`, "no-validate", "FOO.@docomo.ne.jp ", "foo.@docomo.ne.jp"},
		{"verification sms", `"verification":{"via":"sms"}`, "tel", "+1 (650) 253-0000", "+16502530000"},
		{"verification sms must be valid", `"verification":{"via":"sms"}`, "tel", "6502530000", refused},
		{"verification sms, another format", `"verification":{"via":"sms"}`, "no-validate", "not a phone number", "not a phone number"},
		{"verification sms, another format and a number", `"verification":{"via":"sms"}`, "no-validate", "+1 650 253 0000", "+16502530000"},
		{"recovery email", `"recovery":{"via":"email"}`, "", "Foo@X.org", "foo@x.org"},
		{"recovery email must be valid", `"recovery":{"via":"email"}`, "", "foo", refused},
		{"recovery email, another format", `"recovery":{"via":"email"}`, "no-validate", "Foo.@X.org", "foo.@x.org"},
		{"recovery email, another format, no domain", `"recovery":{"via":"email"}`, "no-validate", "FOO", refused},
		{"recovery email, a phone number", `"recovery":{"via":"email"}`, "no-validate", "+16502530000", refused},
		{"recovery email, a phone number in front", `"recovery":{"via":"email"}`, "no-validate", "+16502530001/x@evil.com", "+16502530001/x@evil.com"},
		{"recovery email, two", `"recovery":{"via":"email"}`, "no-validate", "a@b.c, d@e.f", refused},
		{"code email, needless quotes", `"credentials":{"code":{"identifier":true,"via":"email"}}`, "email", `\"Carol\"@x.com`, "carol@x.com"},
		{"code email, needed quotes", `"credentials":{"code":{"identifier":true,"via":"email"}}`, "no-validate", `\"a b\"@x.com`, refused},
		{"code email, quotes around a tab", `"credentials":{"code":{"identifier":true,"via":"email"}}`, "no-validate", `\"a\tb\"@x.com`, refused},
		{"identifier with quotes around a tab", `"credentials":{"password":{"identifier":true},"code":{"identifier":true,"via":"email"}}`, "email", `\"a\tb\"@x.com`, refused},
		{"space before", `"recovery":{"via":"email"}`, "email", " lead@x.com", "lead@x.com"},
		{"space after", `"recovery":{"via":"email"}`, "email", "trail@x.com ", "trail@x.com"},
		{"verification sms, digits of another script", `"verification":{"via":"sms"}`, "tel", "+٩٦٦٥٥١٢٣٤٥٦٧", "+966551234567"},
		{"verification sms, extension", `"verification":{"via":"sms"}`, "tel", "+1 650 253 0000 ext. 5", refused},
		{"recovery sms", `"recovery":{"via":"sms"}`, "", "+1 650 253 0000", "+16502530000"},
		{"recovery sms must be valid", `"recovery":{"via":"sms"}`, "no-validate", "not a phone number", refused},
		{"code email", `"credentials":{"code":{"identifier":true,"via":"email"}}`, "", "Foo@öry.sh", "foo@öry.sh"},
		{"code email, bare", `"credentials":{"code":{"identifier":true,"via":"email"}}`, "", "Name <a@b.c>", refused},
		{"code email, another format", `"credentials":{"code":{"identifier":true,"via":"email"}}`, "no-validate", "Foo.@X.org", "foo.@x.org"},
		{"code sms", `"credentials":{"code":{"identifier":true,"via":"sms"}}`, "", "+1 650 253 0000", "+16502530000"},
		{"code sms must be valid", `"credentials":{"code":{"identifier":true,"via":"sms"}}`, "no-validate", "+1234", refused},
		{"code via without identifier", `"credentials":{"code":{"via":"sms"}}`, "", "+1234", ""},
		{"blank", `"recovery":{"via":"email"}`, "no-validate", "  ", refused},
		{"empty", `"recovery":{"via":"email"}`, "no-validate", "", refused},
		{"nothing to be seen", `"verification":{"via":"sms"}`, "no-validate", "\u200b", refused},
	} {
		t.Run(test.name, func(t *testing.T) {
			format := ""
			if test.format != "" {
				format = `"format":"` + test.format + `",`
			}
			s := parse(t, traitsSchema(`"properties":{"a":{"type":"string",`+format+`"ory.sh/kratos":{`+test.annotation+`}}}`))
			derived, err := s.Validate([]byte(`{"a":"` + test.value + `"}`))
			if test.want == refused {
				got := violations(t, s, `{"a":"`+test.value+`"}`)
				require.Len(t, got, 1)
				require.Equal(t, "/traits/a", got[0].Pointer)
				require.Contains(t, []string{"format", schema.ExtensionKeyword}, got[0].Keyword)
				return
			}
			require.NoError(t, err)
			all := append(append(derived.CodeAddresses, derived.Verifiable...), derived.Recovery...)
			if test.want == "" {
				require.Empty(t, all)
				return
			}
			require.Len(t, all, 1)
			require.Equal(t, test.want, all[0].Value)
			require.Equal(t, "/traits/a", all[0].Pointer)
		})
	}
}

func TestIdentifiersMustBeShortStrings(t *testing.T) {
	s := parse(t, traitsSchema(`"properties":{"a":{"ory.sh/kratos":{"credentials":{"password":{"identifier":true}}}}}`))
	require.Equal(t, []violation.Violation{{Pointer: "/traits/a", Keyword: "type", Message: "must be of type string or null, not integer"}}, violations(t, s, `{"a":1}`))
	got := violations(t, s, `{"a":"`+strings.Repeat("x", schema.MaxIdentifierBytes+1)+`"}`)
	require.Equal(t, schema.ExtensionKeyword, got[0].Keyword)
}

// TestVocabulary checks that the extension is held to its words.
func TestVocabulary(t *testing.T) {
	for _, test := range []struct{ name, node, pointer, reason string }{
		{"unknown key", `{"type":"string","ory.sh/kratos":{"credential":{}}}`, "/ory.sh~1kratos/credential", "unknown: here it knows credentials, verification, recovery, organizations"},
		{"unknown credential", `{"type":"string","ory.sh/kratos":{"credentials":{"oidc":{}}}}`, "/ory.sh~1kratos/credentials/oidc", "unknown: here it knows password, webauthn, code, totp, passkey"},
		{"unknown key of a credential", `{"type":"string","ory.sh/kratos":{"credentials":{"password":{"identifer":true}}}}`, "/ory.sh~1kratos/credentials/password/identifer", "unknown: here it knows identifier"},
		{"not an object", `{"type":"string","ory.sh/kratos":true}`, "/ory.sh~1kratos", "must be an object, not a boolean"},
		{"not a boolean", `{"type":"string","ory.sh/kratos":{"credentials":{"password":{"identifier":"yes"}}}}`, "/ory.sh~1kratos/credentials/password/identifier", "must be true or false, not a string"},
		{"unknown channel", `{"type":"string","ory.sh/kratos":{"recovery":{"via":"phone"}}}`, "/ory.sh~1kratos/recovery/via", `must be "email" or "sms"`},
		{"no channel", `{"type":"string","ory.sh/kratos":{"verification":{}}}`, "/ory.sh~1kratos/verification", `via is missing: "email" or "sms"`},
		{"code without channel", `{"type":"string","ory.sh/kratos":{"credentials":{"code":{"identifier":true}}}}`, "/ory.sh~1kratos/credentials/code", `via is missing: "email" or "sms"`},
		{"matcher", `{"type":"string","ory.sh/kratos":{"organizations":{"matcher":"x"}}}`, "/ory.sh~1kratos/organizations/matcher", `must be "email_domain"`},
		{"sms verification without format", `{"type":"string","ory.sh/kratos":{"verification":{"via":"sms"}}}`, "/ory.sh~1kratos", `verification by sms needs a format: write "format": "tel", or "no-validate" if the number shall not be checked`},
		{"not a string", `{"type":"integer","ory.sh/kratos":{"recovery":{"via":"email"}}}`, "/ory.sh~1kratos", `an identifier or address must be a string: write "type": "string"`},
		{"maybe not a string", `{"type":["string","number"],"ory.sh/kratos":{"recovery":{"via":"email"}}}`, "/ory.sh~1kratos", `an identifier or address must be a string: write "type": "string"`},
		{"format of the other channel", `{"type":"string","format":"tel","ory.sh/kratos":{"recovery":{"via":"email"}}}`, "/ory.sh~1kratos", `via "email" contradicts the format "tel": no value could satisfy both`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := schema.Parse("test", []byte(traitsSchema(`"properties":{"a":`+test.node+`}`)))
			requireRefused(t, err, "/properties/traits/properties/a"+test.pointer, test.reason)
		})
	}
}
