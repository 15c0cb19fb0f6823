package schema

import "strings"

// addressRule says how a value becomes an address.
type addressRule struct {
	via    string
	format string // "email" when the value must have that format first
	strict bool   // refuse what the strict normaliser refuses; else clean it
}

// The rules differ by annotation, channel and format. An e-mail address without a format is taken for
// format email, a phone number for format tel where nothing else is said.

func codeRule(a annotation) addressRule {
	rule := addressRule{via: a.code, strict: true}
	if a.code == viaEmail && a.format != "" && a.format != "email" {
		rule.strict = false
	}
	return rule
}

func verificationRule(a annotation) addressRule {
	rule := addressRule{via: a.verification}
	switch {
	case a.verification == viaEmail && a.format == "":
		rule.format, rule.strict = "email", true
	case a.format == "email" || a.format == "tel":
		rule.strict = true
	}
	return rule
}

func recoveryRule(a annotation) addressRule {
	rule := addressRule{via: a.recovery, strict: a.recovery == viaSMS}
	if a.recovery == viaEmail && a.format == "" {
		rule.format = "email"
	}
	return rule
}

// demand is what the addresses of an annotation ask of a value, as a set of bits. It is checked together with
// the format, as one more format of the engine's: so a branch of alternatives that gives an address of a
// phone number does not match where the value is none.
type demand int

const (
	demandEmail   demand = 1 << iota // isEmail
	demandAddress                    // usableEmail
	demandPhone                      // strictPhone
	allDemands
)

func (a annotation) demand() (d demand) {
	var rules []addressRule
	if a.code != "" {
		rules = append(rules, codeRule(a))
	}
	if a.verification != "" {
		rules = append(rules, verificationRule(a))
	}
	if a.recovery != "" {
		rules = append(rules, recoveryRule(a))
	}
	for _, rule := range rules {
		switch {
		case rule.via == viaSMS && rule.strict:
			d |= demandPhone
		case rule.via == viaEmail && rule.strict:
			d |= demandAddress
		}
		if rule.format == "email" {
			d |= demandEmail
		}
	}
	return d
}

// met reports whether s is what d asks for.
func (d demand) met(s string) bool {
	if d&demandEmail != 0 && !isEmail(s) {
		return false
	}
	if d&demandAddress != 0 && usableEmail(s) == "" {
		return false
	}
	if d&demandPhone != 0 {
		_, err := strictPhone(s)
		return err == nil
	}
	return true
}

// explain tells a person what d asks for.
func (d demand) explain() string {
	if d&demandPhone != 0 {
		return "must be a valid phone number with its country code, such as +1 650 253 0000"
	}
	return "must be one bare e-mail address, without invisible characters or mixed writing directions"
}

// trait is a string under an annotation, which meets the demand of the annotation.
type trait struct {
	text    string // as given
	normal  string // as Normalize gives it
	pointer string
	email   string // as usableEmail gives it, once it was asked for
}

// address makes an address of a trait.
func (rule addressRule) address(t *trait) Address {
	address := Address{Via: rule.via, Value: t.normal, Pointer: t.pointer}
	switch {
	case !rule.strict:
	case rule.via == viaSMS:
		address.Value, _ = strictPhone(t.text)
	default:
		if t.email == "" {
			t.email = usableEmail(t.text)
		}
		address.Value = t.email
	}
	return address
}

// usableEmail returns s as the strict normaliser of e-mail addresses gives it, or "" where that refuses or
// more than an address is given: a name, angle brackets, a comment.
func usableEmail(s string) string {
	address, err := strictEmail(s)
	if err != nil {
		return ""
	}
	s = strings.TrimSpace(s)
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || strings.ContainsAny(s[at:], "<>(); ") || !isPlainLocal(s[:at]) && !isMailbox(s) {
		return ""
	}
	return address
}
