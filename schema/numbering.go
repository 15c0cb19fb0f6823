package schema

import (
	"regexp"
	"strconv"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// numbering is the numbering plan of a calling code, made from the table of the library. It recognises numbers that are
// E.164 already, in a fraction of the time that the library takes. It never accepts what the library would refuse or write
// otherwise. Where it is not sure, or does not know a plan, it says no, and the library decides. It is immutable.
type numbering struct {
	prefix  *automaton // of what the library may drop from the beginning of a national number; nil if nothing
	regions []numberRegion
}

// numberRegion is one of the regions that share a calling code.
type numberRegion struct {
	leading *automaton                    // of the beginning of its numbers; nil if their types tell
	types   *automaton                    // expression 0 is that of all numbers, the others are those of the types
	lengths [maxNationalDigits + 1]uint16 // by the number of digits, the expressions that apply
}

const (
	minNationalDigits    = phonenumbers.MIN_LENGTH_FOR_NSN
	maxNationalDigits    = phonenumbers.MAX_LENGTH_FOR_NSN
	maxCallingCodeDigits = phonenumbers.MAX_LENGTH_COUNTRY_CODE
)

// numberings returns the plans by calling code. Each is made when it is first asked for, in about a millisecond; that of
// a calling code whose plan is not understood accepts nothing.
var numberings = sync.OnceValue(func() map[int]func() *numbering {
	all := make(map[int]func() *numbering)
	for code := range phonenumbers.GetSupportedCallingCodes() {
		all[code] = sync.OnceValue(func() *numbering {
			plan, ok := newNumbering(code)
			if !ok {
				return new(numbering)
			}
			return plan
		})
	}
	return all
})

// isE164 reports whether s is surely a valid phone number that is E.164 as it is written: a plus and digits.
func isE164(s string) bool {
	if len(s) < 1+minNationalDigits || len(s) > 1+maxPhoneDigits || s[0] != '+' || s[1] == '0' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	for end := 2; end <= 1+maxCallingCodeDigits && end < len(s); end++ {
		code, _ := strconv.Atoi(s[1:end])
		if plan, known := numberings()[code]; known {
			return plan().accepts(s[end:])
		}
	}
	return false
}

func (p *numbering) accepts(national string) bool {
	if len(national) < minNationalDigits || len(national) > maxNationalDigits || p.prefix != nil && p.prefix.begins(national) {
		return false
	}
	// The first region that a number can belong to is the one that must know it.
	for i := range p.regions {
		r := &p.regions[i]
		switch {
		case r.leading == nil && r.knows(national):
			return true
		case r.leading != nil && r.leading.begins(national):
			return r.knows(national)
		}
	}
	return false
}

// knows reports whether national is a number of the region, and of one of the types.
func (r *numberRegion) knows(national string) bool {
	found := r.types.match(national) & r.lengths[len(national)]
	return found&1 != 0 && found>>1 != 0
}

// newNumbering makes the plan of a calling code. ok is false if the table holds what a plan cannot express.
func newNumbering(code int) (plan *numbering, ok bool) {
	plan = &numbering{}
	for n, region := range phonenumbers.GetRegionCodesForCountryCode(code) {
		about := numberMetadata(code, region)
		if about == nil {
			return nil, false
		}
		if n == 0 { // the library drops the prefix of the first region, whichever the number belongs to
			if plan.prefix, ok = newPrefix(about); !ok {
				return nil, false
			}
		}
		r, ok := newNumberRegion(about)
		if !ok {
			return nil, false
		}
		plan.regions = append(plan.regions, r)
	}
	return plan, true
}

// newPrefix returns what the library drops from the beginning of national numbers, or nil if it never drops anything.
func newPrefix(about *phonenumbers.PhoneMetadata) (prefix *automaton, ok bool) {
	expression := about.GetNationalPrefixForParsing()
	if expression == "" {
		return nil, true
	}
	prefix, err := newAutomaton(expression)
	if err != nil {
		return nil, false
	}
	if prefix.matches[firstState] == 0 {
		return prefix, true
	}
	// It matches the empty text as well, and so the beginning of every number. Then the library drops nothing, but it applies
	// the transform rule of the region if the last group has matched. That must not happen.
	groups := regexp.MustCompile("^(?:" + expression + ")").FindStringSubmatchIndex("")
	return prefix, !prefix.anchors && (about.GetNationalPrefixTransformRule() == "" || groups[len(groups)-2] < 0)
}

func newNumberRegion(about *phonenumbers.PhoneMetadata) (r numberRegion, ok bool) {
	if leading := about.GetLeadingDigits(); leading != "" {
		var err error
		if r.leading, err = newAutomaton(leading); err != nil || r.leading.matches[firstState] != 0 {
			return r, false
		}
	}
	types := []*phonenumbers.PhoneNumberDesc{
		about.GetGeneralDesc(),
		about.GetPremiumRate(), about.GetTollFree(), about.GetSharedCost(), about.GetVoip(), about.GetPersonalNumber(),
		about.GetPager(), about.GetUan(), about.GetVoicemail(), about.GetFixedLine(),
	}
	if !about.GetSameMobileAndFixedLinePattern() {
		types = append(types, about.GetMobile())
	}
	var expressions []string
	for n, t := range types {
		if t == nil {
			return r, false
		}
		expressions = append(expressions, t.GetNationalNumberPattern())
		for length := range r.lengths {
			if mayHaveLength(t, length) {
				r.lengths[length] |= 1 << n
			}
		}
	}
	var err error
	r.types, err = newAutomaton(expressions...)
	return r, err == nil
}

// mayHaveLength reports whether numbers of t may have that many digits. A type that names no lengths has those of all
// numbers.
func mayHaveLength(t *phonenumbers.PhoneNumberDesc, length int) bool {
	for _, possible := range t.GetPossibleLength() {
		if int(possible) == length {
			return true
		}
	}
	return len(t.GetPossibleLength()) == 0
}

// numberMetadata returns what the table of the library says about a region, or nil.
func numberMetadata(code int, region string) (found *phonenumbers.PhoneMetadata) {
	table, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil
	}
	for _, about := range table.GetMetadata() {
		if about.GetId() == region && int(about.GetCountryCode()) == code {
			found = about
		}
	}
	return found
}
