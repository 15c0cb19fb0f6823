package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// extension is the content of the [ExtensionKeyword] of a subschema.
// organizations is checked and otherwise ignored.
type extension struct {
	password, webauthn bool
	code               string // the channel, or "" when the value is no code address
	accountName        bool
	displayName        bool
	verification       string // the channel
	recovery           string // the channel
}

const (
	viaEmail = "email"
	viaSMS   = "sms"
)

// vocabulary lists, for each object of the extension by its pointer, the keys it may have.
var vocabulary = map[string][]string{
	"":                      {"credentials", "verification", "recovery", "organizations"},
	"/credentials":          {"password", "webauthn", "code", "totp", "passkey"},
	"/credentials/password": {"identifier"},
	"/credentials/webauthn": {"identifier"},
	"/credentials/code":     {"identifier", "via"},
	"/credentials/totp":     {"account_name"},
	"/credentials/passkey":  {"display_name"},
	"/verification":         {"via"},
	"/recovery":             {"via"},
	"/organizations":        {"matcher"},
}

func readExtension(r *reader, n *node, keyword string, value any) error {
	e := &extensionReader{reader: r, node: n, root: n.pointer + "/" + escape(keyword)}
	if err := e.object("", value); err != nil {
		return err
	}
	x := e.extension
	if x.code == "" && e.codeIdentifier {
		return e.fault("/credentials/code", `via is missing: "email" or "sms"`)
	}
	if !e.codeIdentifier {
		x.code = ""
	}
	if x != (extension{}) {
		n.extension = &x
	}
	return nil
}

// extensionReader walks the object of the extension keyword.
type extensionReader struct {
	*reader
	node           *node
	root           string // pointer of the extension keyword
	extension      extension
	codeIdentifier bool
}

func (e *extensionReader) fault(pointer, reason string) error {
	return refuse(e.node.source.id, e.root+pointer, ExtensionKeyword, reason)
}

// object checks the object at pointer, relative to the keyword, and what is in it.
func (e *extensionReader) object(pointer string, value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		return e.fault(pointer, "must be an object, not "+typeName(value))
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		at := pointer + "/" + escape(key)
		if !slices.Contains(vocabulary[pointer], key) {
			return e.fault(at, "unknown: here it knows "+strings.Join(vocabulary[pointer], ", "))
		}
		read := e.leaf
		if _, nested := vocabulary[at]; nested {
			read = e.object
		}
		if err := read(at, object[key]); err != nil {
			return err
		}
	}
	if _, known := object["via"]; !known && (pointer == "/verification" || pointer == "/recovery") {
		return e.fault(pointer, `via is missing: "email" or "sms"`)
	}
	return nil
}

// leaf reads a key that holds a boolean or a string.
func (e *extensionReader) leaf(at string, value any) error {
	x := &e.extension
	switch at {
	case "/credentials/code/via":
		return e.channel(at, value, &x.code)
	case "/verification/via":
		return e.channel(at, value, &x.verification)
	case "/recovery/via":
		return e.channel(at, value, &x.recovery)
	case "/organizations/matcher":
		if value != "email_domain" {
			return e.fault(at, `must be "email_domain"`)
		}
		return nil
	}
	flag, ok := value.(bool)
	if !ok {
		return e.fault(at, "must be true or false, not "+typeName(value))
	}
	switch at {
	case "/credentials/password/identifier":
		x.password = flag
	case "/credentials/webauthn/identifier":
		x.webauthn = flag
	case "/credentials/code/identifier":
		e.codeIdentifier = flag
	case "/credentials/totp/account_name":
		x.accountName = flag
	case "/credentials/passkey/display_name":
		x.displayName = flag
	}
	return nil
}

func (e *extensionReader) channel(at string, value any, via *string) error {
	if value != viaEmail && value != viaSMS {
		return e.fault(at, `must be "email" or "sms"`)
	}
	*via = value.(string)
	return nil
}

// checkExtension checks the extension of n against the keywords around it.
func (r *reader) checkExtension(n *node) error {
	x := n.extension
	other := func(name string) bool { return name != "string" && name != "null" }
	switch {
	case n.types == nil:
		r.warn(n, ExtensionKeyword, `nothing beside it demands a string: traits that are not will be refused; write "type": "string"`)
	case !slices.Contains(n.types, "string") || slices.ContainsFunc(n.types, other):
		return r.fault(n, ExtensionKeyword, `an identifier or address must be a string: write "type": "string"`)
	}
	if x.verification == viaSMS && n.format == "" {
		return r.fault(n, ExtensionKeyword, `verification by sms needs a format: write "format": "tel", or "no-validate" if the number shall not be checked`)
	}
	for _, via := range []string{x.code, x.verification, x.recovery} {
		if via == viaEmail && n.format == "tel" || via == viaSMS && n.format == "email" {
			return r.fault(n, ExtensionKeyword, fmt.Sprintf("via %q contradicts the format %q: no value could satisfy both", via, n.format))
		}
	}
	if n.types == nil {
		n.assertions["type"] = []any{"string", "null"}
	}
	if d := x.demand(n.format); d != 0 {
		n.assertions["format"] = privateName(n.format, d)
	}
	known := []string{"", "email", "tel", "date", "time", "date-time", "no-validate"}
	if (x.verification != "") && !slices.Contains(known, n.format) {
		r.warn(n, ExtensionKeyword, fmt.Sprintf("verification with the format %q: expected is one of%s", n.format, strings.Join(known, " ")))
	}
	return nil
}
