// Package form makes the fields of an HTML form from a schema and traits, and traits from the fields that were posted.
//
// [New] reads a schema. [Blueprint.Edit] makes the [Form] of existing traits, and [Blueprint.Blank] the form of new ones.
// [Form.Post] reads the url.Values that a browser sends. [Form.Traits] returns the traits with these changes. The package
// does no I/O. Of HTML it knows only the rules by which a browser submits a control (WHATWG HTML, section 4.10).
//
// # What is kept
//
// A field that is posted unchanged keeps the bytes of its value: a number keeps its literal, and an object keeps the order
// of its members and the members that the schema does not name. A field that is not posted is unchanged. So a form that is
// submitted as it was rendered gives the same traits, byte for byte.
//
// Some values cannot be shown by a control without loss: a number where the schema wants text, a list without a schema for
// its items, text with control characters, and anything nested too deep. Such a value is a field of [KindJSON], which holds
// its JSON text.
//
// # Names
//
// The name of a control is the JSON pointer (RFC 6901) of its value, below [Prefix]: /traits/name/first. The pointers of
// violations are the same, so [Form.Place] can put each violation at its field.
//
// # Limits
//
// Schemas and traits may be hostile. A form has at most [MaxFields] fields and nests at most [MaxNesting] levels. A value
// beyond these limits is one field of JSON. If optional fields are left out, [Form.Truncated] is true.
package form
