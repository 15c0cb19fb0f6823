// Package form turns traits into the fields of an HTML form, by the schema that describes them, and what was
// posted back into traits.
//
// [New] reads a schema, [Blueprint.Edit] makes a [Form] of traits and [Blueprint.Blank] one for traits that do
// not exist yet. [Form.Post] takes the url.Values that a browser sends, and [Form.Traits] returns the traits
// with the changes that were made in the form. The package does no I/O and knows nothing of HTML but the rules
// by which a browser submits a control (WHATWG HTML, section 4.10).
//
// # What is kept
//
// A field that was posted as it was shown leaves the bytes of its value as they are: a number keeps its
// literal, an object the order of its members, and members that the schema does not name stay. A field that
// was not posted at all is unchanged. So a form that is submitted as it was rendered gives the same traits,
// byte for byte.
//
// A value that no control can show without loss (a number where the schema wants text, a list without a
// schema for its items, text with control characters, anything nested too deep) becomes a field of
// [KindJSON] that holds its JSON text.
//
// # Names
//
// The name of a control is the JSON pointer (RFC 6901) of its value below the prefix given to New, such as
// /traits/name/first. Violations of the schema are put at their fields by the same pointers, see [Form.Place].
//
// # Limits
//
// Schemas and traits may be hostile. A form has at most [MaxFields] fields and nests at most [MaxNesting]
// levels. What is beyond becomes one field of JSON, and [Form.Truncated] tells if optional fields are left out.
package form
