package schema

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/idemkit/idem/violation"
)

// Normalize returns the form in which identifiers and addresses are stored and compared. The same rule applies to both,
// and to queries and lookups. It reads the whole value:
//
//   - White space at the ends, control characters and default-ignorable code points are removed. Compatibility forms
//     become the letters that they stand for (NFKC), and letters become lower case. Everything else that a reader sees
//     stays.
//   - A value of phone characters alone that is a valid number with its country code becomes its E.164 form.
//   - In an e-mail address, quotes around a local part that does not need them are removed, the ideographic full stop
//     in the domain becomes a dot, and A-labels of the domain become U-labels (RFC 5890, section 2.3.2.1).
//
// Normalising twice gives the same result as once. The result is empty if the value has no visible characters. If the
// form would be longer than [MaxIdentifierBytes], the value is not an identifier and is returned unchanged.
func Normalize(value string) string { return normalize(value).value }

// NormalizeIdentifier returns the form of an identifier of a credential. credential is the type of the credential.
// People type identifiers of the types password, webauthn and code: these are normalised by [Normalize]. Programs make
// identifiers of every other type: these are returned unchanged.
func NormalizeIdentifier(credential, value string) string {
	switch credential {
	case "password", "webauthn", "code":
		return Normalize(value)
	}
	return value
}

// NormalizeAddress returns the form in which an address is stored and compared, as [Normalize] gives it. via is
// "email" or "sms". It returns a [*violation.Error] for another via, for a value whose form is empty or too long,
// and for an e-mail address that is not one mailbox (a local part, one @ and a domain). A phone number need not be
// valid, because a schema may accept invalid ones with the format no-validate.
func NormalizeAddress(via, value string) (string, error) {
	f := normalize(value)
	var fault string
	switch via {
	case viaEmail:
		fault = f.mailboxFault()
	case viaSMS:
		fault = f.fault()
	default:
		return "", violation.New("", "enum", `via must be "email" or "sms"`)
	}
	if fault != "" {
		return "", violation.New("", ExtensionKeyword, fault)
	}
	return f.value, nil
}

// form is what normalising makes of a value.
type form struct {
	value   string
	phone   bool // value is E.164
	tooLong bool // value is the text as it was given: its form would be longer than MaxIdentifierBytes
	mailbox bool // one local part, one @, and one domain; nothing is in quotes
	quoted  bool // the local part is in quotes that it needs, or that hid a control character
}

// fault tells a person why the value can be no identifier, or is empty.
func (f form) fault() string {
	switch {
	case f.tooLong || len(f.value) > MaxIdentifierBytes:
		return tooLongIdentifier
	case f.value == "":
		return "must not be empty: nothing that can be seen is in it"
	case f.quoted:
		return "must be an e-mail address whose local part needs no quotes"
	}
	return ""
}

// mailboxFault is fault for an e-mail address.
func (f form) mailboxFault() string {
	if fault := f.fault(); fault != "" {
		return fault
	}
	if !f.mailbox {
		return "must be one e-mail address: a local part, one @ and a domain"
	}
	return ""
}

// maxPasses bounds how often the rule is applied. Two passes are the ordinary case: one that changes something, and
// one that confirms the result. A text that needs more than maxPasses is no identifier.
const maxPasses = 12

// normalize applies the rule until its result is stable. So the form of a form is itself.
func normalize(text string) form {
	if len(text) > maxNormalize {
		return form{value: text, tooLong: true}
	}
	value := strings.ToValidUTF8(text, "\ufffd")
	for range maxPasses {
		next, fits := fold(value)
		if !fits || len(next) > MaxIdentifierBytes {
			return form{value: text, tooLong: true}
		}
		if number, ok := phone(next); ok {
			return form{value: number, phone: true}
		}
		f := asMailbox(next)
		if f.value == value || isSettled(f.value) {
			f.quoted = f.quoted || hidesControl(text, f)
			return f
		}
		value = f.value
	}
	return form{value: text, tooLong: true}
}

// maxNormalize bounds the text that is looked at at all, white space and invisible code points included.
const maxNormalize = 2 * MaxIdentifierBytes

// isSettled reports that another pass would change nothing: in lower-case ASCII, only a phone number and an e-mail
// address can still be rewritten, and they have been.
func isSettled(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

// hidesControl reports whether control characters were removed from a text with quotes before its @: a quoted local
// part with one is another mailbox than the one without.
func hidesControl(text string, f form) bool {
	return f.mailbox && strings.ContainsFunc(text, unicode.IsControl) &&
		strings.Contains(text[:max(strings.LastIndexByte(text, '@'), 0)], `"`)
}

// fold removes what cannot be seen, folds compatibility forms and case, and trims. It is not stable yet: a removed
// code point can bring a letter and its accent together, and NFKC can give capitals. fits is false if the result would
// be longer than MaxIdentifierBytes by far; the work is bounded all the same, since one code point of three bytes can
// stand for a sentence.
func fold(s string) (result string, fits bool) {
	if s = strings.TrimSpace(s); isPrintable(s) {
		return strings.ToLower(s), true
	}
	s, fits = compose(strings.Map(seen, s))
	if !fits {
		return "", false
	}
	return strings.TrimSpace(lower(strings.Map(seen, s))), true
}

// seen drops, for strings.Map, what cannot be seen.
func seen(r rune) rune {
	if r >= ' ' && r < 0x7f {
		return r
	}
	if isInvisible(r) {
		return -1
	}
	return r
}

// isInvisible reports whether r is a control character or default-ignorable (UAX 44, Default_Ignorable_Code_Point).
func isInvisible(r rune) bool {
	switch {
	case r < 0x7f:
		return r < ' '
	case unicode.IsControl(r), unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return true
	case !unicode.Is(unicode.Cf, r), 0xfff9 <= r && r <= 0xfffb, 0x13430 <= r && r <= 0x1343f:
		return false
	}
	return !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// compose applies NFKC, as long as the result is not much longer than an identifier may be.
func compose(s string) (string, bool) {
	if norm.NFKC.IsNormalString(s) {
		return s, true
	}
	var parts norm.Iter
	parts.InitString(norm.NFKC, s)
	result := make([]byte, 0, len(s))
	for !parts.Done() {
		if result = append(result, parts.Next()...); len(result) > maxNormalize {
			return "", false
		}
	}
	return string(result), true
}

// lower gives lower case without regard to language. It goes beyond the mapping of single code points in two places:
// the capital I with a dot keeps its dot, and lower-case letters that share their capital with another become that
// one, such as the final sigma, so that writing in capitals locks nobody out.
func lower(s string) string {
	var result strings.Builder
	result.Grow(len(s))
	for _, r := range s {
		switch {
		case r == 'İ':
			result.WriteString("i\u0307")
		case r == 'ς', 0x1c80 <= r && r <= 0x1c88: // Greek final sigma, rounded Cyrillic letters
			result.WriteRune(unicode.ToLower(unicode.ToUpper(r)))
		default:
			result.WriteRune(unicode.ToLower(r))
		}
	}
	return result.String()
}

// isPrintable reports whether s consists of ASCII without controls.
func isPrintable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}
