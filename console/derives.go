package console

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// mark is one thing that the extension keyword can declare for a trait.
type mark struct {
	of func(extension map[string]any) string // empty if it does not
}

var marks = []mark{
	{signsIn("password")}, {signsIn("webauthn")}, {signsIn("code")},
	{func(e map[string]any) string { return viaOf(e, "verification", "schemas.verifies") }},
	{func(e map[string]any) string { return viaOf(e, "recovery", "schemas.recovers") }},
	{func(e map[string]any) string { return nested(e, "credentials", "totp", "account_name", "schemas.totp") }},
	{func(e map[string]any) string {
		return nested(e, "credentials", "passkey", "display_name", "schemas.passkey")
	}},
}

func signsIn(credential string) func(map[string]any) string {
	return func(e map[string]any) string {
		return nested(e, "credentials", credential, "identifier", "schemas.signs_in_"+credential)
	}
}

func nested(e map[string]any, group, name, flag, what string) string {
	outer, _ := e[group].(map[string]any)
	inner, _ := outer[name].(map[string]any)
	if inner[flag] != true {
		return ""
	}
	return text(what)
}

func viaOf(e map[string]any, name, what string) string {
	inner, _ := e[name].(map[string]any)
	via, _ := inner["via"].(string)
	if via == "" {
		return ""
	}
	return textf(what, via)
}

// traitPointer turns the pointer of a subschema into the way to the trait, where there is one: /traits/email for
// /properties/traits/properties/email. What a reference leads to keeps its own pointer.
func traitPointer(pointer string) string {
	trait := strings.ReplaceAll("/"+strings.TrimPrefix(pointer, "/"), "/properties/", "/")
	if !strings.HasPrefix(trait, "/traits") {
		return pointer
	}
	return strings.ReplaceAll(trait, "/items", "/…")
}

func sortedNames(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func itoa(n int) string { return strconv.Itoa(n) }
