package schema

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/idemkit/idem/violation"
)

// The limits of what traits give, far beyond what an identity has: stores keep identifiers in an index, and
// to normalise letters of all scripts takes time.
const (
	MaxIdentifierBytes = 1024 // of an identifier or address, normalised
	MaxIdentifiers     = 200  // traits that are identifiers or addresses, counted for each annotation
)

var tooLongIdentifier = fmt.Sprintf("must be at most %d bytes long, as it is an identifier or an address", MaxIdentifierBytes)

// extraction is one walk over traits along the plan of their schema.
type extraction struct {
	nodes      []*node           // of the schema, by their index
	branches   *branchEngines    // of the schema
	depth      int               // of the alternatives that are being explained
	left       load              // budget for explanations
	told       int               // violations found by the engine, those of alternatives included
	patterns   map[string]string // those of the schema that were translated, by what they became
	derived    Derived
	violations []violation.Violation
	annotated  int               // values seen by annotate
	rewritten  map[string]string // phone numbers as E.164, by the pointer of traits that write them otherwise
}

// visit collects what p finds in value and below.
func (x *extraction) visit(p *plan, value any, pointer string) {
	for _, a := range p.annotations {
		x.annotate(a, value, pointer)
	}
	for _, same := range p.same {
		x.visit(same, value, pointer)
	}
	for _, b := range p.branches {
		if b.test.holds(value) {
			x.visit(b.plan, value, pointer)
		}
	}
	for _, c := range p.conditions {
		x.condition(c, value, pointer)
	}
	switch value := value.(type) {
	case map[string]any:
		for _, d := range p.dependent {
			if _, present := value[d.name]; present {
				x.visit(d.plan, value, pointer)
			}
		}
		if p.object != nil {
			x.members(p.object, value, pointer)
		}
	case []any:
		x.elements(p, value, pointer)
	}
}

func (x *extraction) condition(c condition, value any, pointer string) {
	ways := []*plan{c.otherwise}
	if c.test.holds(value) {
		ways = []*plan{c.holds, c.then}
	}
	for _, way := range ways {
		if way != nil {
			x.visit(way, value, pointer)
		}
	}
}

func (x *extraction) members(p *objectPlan, object map[string]any, pointer string) {
	for _, property := range p.properties {
		if member, present := object[property.name]; present {
			x.visit(property.plan, member, pointer+property.token)
		}
	}
	if p.patterns == nil && p.additional == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		described := p.described[name]
		for _, candidate := range p.patterns {
			if !candidate.pattern.compiled.MatchString(name) {
				continue
			}
			described = true
			if candidate.plan != nil {
				x.visit(candidate.plan, object[name], pointer+"/"+escape(name))
			}
		}
		if !described && p.additional != nil {
			x.visit(p.additional, object[name], pointer+"/"+escape(name))
		}
	}
}

func (x *extraction) elements(p *plan, array []any, pointer string) {
	for i, element := range array {
		way := p.items
		if p.tuple != nil {
			if way = p.rest; i < len(p.tuple) {
				way = p.tuple[i]
			}
		}
		if way != nil {
			x.visit(way, element, pointer+"/"+strconv.Itoa(i))
		}
		if p.contains != nil && p.contains.test.holds(element) {
			x.visit(p.contains.plan, element, pointer+"/"+strconv.Itoa(i))
		}
	}
}

// annotate collects what an annotation makes of a value. A null is none.
func (x *extraction) annotate(a annotation, value any, pointer string) {
	if x.annotated++; x.annotated > MaxIdentifiers {
		if x.annotated == MaxIdentifiers+1 {
			x.refuse("/traits", ExtensionKeyword, fmt.Sprintf("may hold at most %d identifiers and addresses", MaxIdentifiers))
		}
		return
	}
	text, isString := value.(string)
	if !isString {
		return
	}
	f := normalize(text)
	if fault := a.formatFault(text, f); fault != "" {
		x.refuse(pointer, "format", fault)
		return
	}
	if fault := a.fault(f); fault != "" {
		x.refuse(pointer, ExtensionKeyword, fault)
		return
	}
	if a.password {
		x.identifier("password", f.value, pointer)
	}
	if a.webauthn {
		x.identifier("webauthn", f.value, pointer)
	}
	if a.code != "" {
		x.identifier("code", f.value, pointer)
		x.derived.CodeAddresses = appendAddress(x.derived.CodeAddresses, Address{a.code, f.value, pointer})
	}
	if a.verification != "" {
		x.derived.Verifiable = appendAddress(x.derived.Verifiable, Address{a.verification, f.value, pointer})
	}
	if a.recovery != "" {
		x.derived.Recovery = appendAddress(x.derived.Recovery, Address{a.recovery, f.value, pointer})
	}
	if f.phone && f.value != text && (a.code == viaSMS || a.verification == viaSMS || a.recovery == viaSMS) {
		x.rewrite(pointer, f.value)
	}
	if a.displayName && x.derived.PasskeyDisplayName == "" {
		x.derived.PasskeyDisplayName = text
	}
	if a.accountName && x.derived.TOTPAccountName == "" {
		x.derived.TOTPAccountName = text
	}
}

// fault tells what is wrong with the value of an identifier or an address, or "". A display name or an account name
// may be anything.
func (a annotation) fault(f form) string {
	switch {
	case a.code == viaEmail || a.verification == viaEmail || a.recovery == viaEmail:
		return f.mailboxFault()
	case a.password || a.webauthn || a.code != "" || a.verification != "" || a.recovery != "":
		return f.fault()
	}
	return ""
}

func (x *extraction) refuse(pointer, keyword, message string) {
	if len(x.violations) < violation.Max {
		x.violations = append(x.violations, violation.Violation{Pointer: pointer, Keyword: keyword, Message: message})
	}
}

// rewrite notes that the trait at pointer, which is a channel for text messages, is stored as number.
func (x *extraction) rewrite(pointer, number string) {
	if x.rewritten == nil {
		x.rewritten = make(map[string]string)
	}
	x.rewritten[pointer] = number
}

func (x *extraction) identifier(kind, value, pointer string) {
	if x.derived.Identifiers == nil {
		x.derived.Identifiers = make([]Identifier, 0, 6) // for an e-mail address and a phone number
	}
	x.derived.Identifiers = append(x.derived.Identifiers, Identifier{kind, value, pointer})
}

// appendAddress is append, with room for an e-mail address and a phone number from the start.
func appendAddress(to []Address, a Address) []Address {
	if to == nil {
		to = make([]Address, 0, 2)
	}
	return append(to, a)
}

// finish puts the lists into their order and takes out what was found twice.
func (x *extraction) finish() {
	d := &x.derived
	slices.SortFunc(d.Identifiers, func(a, b Identifier) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Value, b.Value), strings.Compare(a.Pointer, b.Pointer))
	})
	d.Identifiers = slices.CompactFunc(d.Identifiers, func(a, b Identifier) bool { return a.Type == b.Type && a.Value == b.Value })
	byValue := func(a, b Address) int {
		return cmp.Or(strings.Compare(a.Value, b.Value), strings.Compare(a.Via, b.Via), strings.Compare(a.Pointer, b.Pointer))
	}
	byVia := func(a, b Address) int { return cmp.Or(strings.Compare(a.Via, b.Via), byValue(a, b)) }
	same := func(a, b Address) bool { return a.Via == b.Via && a.Value == b.Value }
	slices.SortFunc(d.CodeAddresses, byValue)
	d.CodeAddresses = slices.CompactFunc(d.CodeAddresses, same)
	slices.SortFunc(d.Verifiable, byVia)
	d.Verifiable = slices.CompactFunc(d.Verifiable, same)
	slices.SortFunc(d.Recovery, byVia)
	d.Recovery = slices.CompactFunc(d.Recovery, same)
	if d.PasskeyDisplayName == "" {
		if at := slices.IndexFunc(d.Identifiers, func(i Identifier) bool { return i.Type == "webauthn" }); at >= 0 {
			d.PasskeyDisplayName = d.Identifiers[at].Value
		}
	}
}
