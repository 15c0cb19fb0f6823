// Package schema reads identity schemas, validates traits against them, and derives from traits what a schema says of
// them: identifiers to sign in with, and addresses to verify and to recover with.
//
// An identity schema is a JSON Schema of draft-07 whose properties.traits describes the traits of an identity. The
// [ExtensionKeyword] marks traits; see the example. [Parse] turns a document into a [Schema], [NewRegistry] puts schemas
// together that may refer to each other, and [Schema.Validate] does the rest. [Normalize] gives identifiers and addresses
// the one form in which they are stored, compared and looked up. The package reads no socket and no clock, and no file
// but those that [FromFS] is given.
//
// # Strangers
//
// Schemas may come from administrators and traits from anybody. The library that validates, gojsonschema, is made for
// neither: it fetches what a schema names, overflows the stack on a cycle, panics on 1e9999999, and works for hours on a
// page of schema. This package is the fence around it. The library gets only
//
//   - a schema that was written again from checked parts (node, clean), so that no word of the document reaches it. It
//     has no cycle that stays at the same value (checkCycles), and a bounded cost (measure);
//   - a value that was decoded strictly, within limits (readTraits), and whose cost was counted before (cost.afford,
//     effort). Budgets grow with the bytes of schema and traits: at most about 20 milliseconds and 5 MB for each kilobyte;
//   - regular expressions that were parsed and measured first (parsePattern);
//   - a loader that loads nothing, and formats under names of this package (engine, registerFormats).
//
// What it answers is told in words of this package, which never hold a value (messages, alternatives). Comparisons are
// limited to what a float64 can tell apart (inexact). Most valid traits are recognised without the library (accept).
//
// # What is refused that draft-07 allows
//
// An $id below the root; references to documents that are not in the registry, the meta-schema included; regular
// expressions that RE2 cannot say, or whose repeats make them too large; an empty enum; a lower bound above its upper
// bound; numbers in enum and const that a float64 cannot hold; more than 1000 checks of one value. Each refusal names the
// place and, where there is one, the way to write it.
//
// # Reading on
//
// A document becomes nodes in reader, keywords, applicators, reference and extension. A compiled schema is made of them in
// compile: the cost, the engine, and the plan, which leads a walk over traits to the values that carry an annotation
// (extract, address). How values are normalised is in normalize, email and phone; the rules of older versions are in
// former.
package schema
