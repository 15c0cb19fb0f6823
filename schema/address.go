package schema

import (
	"strings"

	"golang.org/x/text/secure/bidirule"
)

// addressRule says how a value becomes an address.
type addressRule struct {
	via    string
	format string // "email" when the value must have that format first
	strict bool   // refuse what no message could be sent to
}

// The rules differ by annotation, channel and format. An e-mail address without a format is taken for format email, a
// phone number for format tel where nothing else is said.

func codeRule(x *extension, format string) addressRule {
	rule := addressRule{via: x.code, strict: true}
	if x.code == viaEmail && format != "" && format != "email" {
		rule.strict = false
	}
	return rule
}

func verificationRule(x *extension, format string) addressRule {
	rule := addressRule{via: x.verification}
	switch {
	case x.verification == viaEmail && format == "":
		rule.format, rule.strict = "email", true
	case format == "email" || format == "tel":
		rule.strict = true
	}
	return rule
}

func recoveryRule(x *extension, format string) addressRule {
	rule := addressRule{via: x.recovery, strict: x.recovery == viaSMS}
	if x.recovery == viaEmail && format == "" {
		rule.format = "email"
	}
	return rule
}

// demand is what the addresses of an annotation ask of a value, as a set of bits. Where an annotation stands in a branch
// of alternatives, the demand is checked together with the format, as one more format of the engine's: such a branch,
// if it gives an address of a phone number, does not match where the value is none. Everywhere else the extraction
// checks it, which has the value in normal form already.
type demand int

const (
	demandEmail   demand = 1 << iota // isEmail
	demandAddress                    // isUsable
	demandPhone                      // a phone number
	allDemands
)

// demand returns what the addresses of x ask of a value that has format.
func (x *extension) demand(format string) (d demand) {
	var rules []addressRule
	if x.code != "" {
		rules = append(rules, codeRule(x, format))
	}
	if x.verification != "" {
		rules = append(rules, verificationRule(x, format))
	}
	if x.recovery != "" {
		rules = append(rules, recoveryRule(x, format))
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

// met reports whether s, of which f is the normal form, is what d asks for.
func (d demand) met(s string, f form) bool {
	return (d&demandEmail == 0 || isEmail(s)) && (d&demandAddress == 0 || isUsable(s, f)) && (d&demandPhone == 0 || f.phone)
}

// explain tells a person what d asks for.
func (d demand) explain() string {
	if d&demandPhone != 0 {
		return "must be a valid phone number with its country code, such as +1 650 253 0000"
	}
	return "must be one bare e-mail address, without invisible characters or mixed writing directions"
}

// isUsable reports whether s, of which f is the normal form, is one e-mail address that a message can be sent to as it
// is written: without a name, angle brackets or a comment around it, and without what a reader cannot see.
func isUsable(s string, f form) bool {
	if !f.mailbox || f.quoted || f.tooLong || strings.ContainsFunc(strings.TrimSpace(s), isInvisible) {
		return false
	}
	at := strings.LastIndexByte(f.value, '@')
	if isPlainLocal(f.value[:at]) && isHostname(f.value[at+1:]) {
		return true
	}
	return !strings.ContainsAny(f.value[at:], "<>(); ") && isMailbox(f.value) && bidirule.ValidString(f.value)
}

// isLate reports whether the extraction can check the format of n and the demand of its annotation, rather than the
// engine: n is annotated and not part of any alternative.
func (n *node) isLate() bool {
	return n.extension != nil && !n.conditional && (n.format == "" || n.format == "email" || n.format == "tel")
}

// formatFault tells what is wrong with a string under an annotation that the engine has not checked, or "".
func (a annotation) formatFault(s string, f form) string {
	switch d := a.demand; {
	case !a.late:
		return ""
	case !d.met(s, f):
		return d.explain()
	case a.format == "email" && !isEmail(s):
		return demandEmail.explain()
	case a.format == "tel" && !f.phone:
		return demandPhone.explain()
	}
	return ""
}
