// Package schema reads identity schemas and validates traits against them. It derives identifiers to sign in with, and
// addresses to verify and to recover with, from the traits that a schema marks.
//
// An identity schema is a JSON Schema of draft-07 whose properties.traits describes the traits of an identity. The
// [ExtensionKeyword] marks traits; see the example. [Parse] reads a document and returns a [Schema]. [NewRegistry]
// combines schemas that may refer to each other. [Schema.Validate] validates traits and derives from them. [Normalize]
// returns the one form in which identifiers and addresses are stored, compared and looked up. The package reads no
// socket, no clock, and no files except those given to [FromFS].
//
// # Untrusted input
//
// Schemas may come from administrators, and traits from anybody. The validation library, gojsonschema, is not safe for
// such input: it fetches the documents that a schema names, overflows the stack on a cycle, panics on 1e9999999, and can
// run for hours on a page of schema. This package guards it. The library gets only
//
//   - a schema that was written again from checked parts (node, clean), so that no word of the document reaches it. It
//     has no cycle that stays at the same value (checkCycles), and a bounded cost (measure);
//   - a value that was decoded strictly, within limits (readTraits), and whose cost was counted before (cost.afford,
//     effort). Budgets grow with the bytes of schema and traits: at most about 20 milliseconds and 5 MB for each kilobyte;
//   - regular expressions that were parsed and measured first (parsePattern);
//   - a loader that loads nothing, and formats under names of this package (engine, registerFormats).
//
// This package writes its own error messages, which never hold a value (messages, alternatives). Comparisons are limited
// to the precision of a float64 (inexact). Most valid traits are accepted without the library (accept).
//
// # Valid draft-07 that is refused
//
// An $id below the root; references to documents that are not in the registry, the meta-schema included; regular
// expressions that RE2 does not support, or whose repeats make them too large; an empty enum; a lower bound above its
// upper bound; numbers in enum and const that a float64 cannot hold; more than 1000 checks of one value. Each error names
// the place and, if there is one, a valid way to write the schema.
//
// # Source files
//
// The files reader, keywords, applicators, reference and extension read a document into nodes. The file compile makes a
// compiled schema from the nodes: the cost, the engine, and the plan. The plan leads a walk over traits to the values
// that have an annotation (extract, address). The files normalize, email and phone normalise values. The file former has
// the rules of older versions.
package schema
