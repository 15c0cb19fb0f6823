// Package schema reads identity schemas, validates traits against them, and derives from traits what a
// schema says of them: identifiers to log in with, and addresses to verify and to recover with.
//
// An identity schema is a JSON Schema of draft-07 whose properties.traits describes the traits of an
// identity. The [ExtensionKeyword] marks traits; see the example. [Parse] turns a document into a
// [Schema], [NewRegistry] puts schemas together that may refer to each other, [Schema.Validate] does the
// rest. Nothing here reads a file, a socket or a clock, but [FromFS] the file system it is given.
//
// # Strangers
//
// Schemas may come from administrators and traits from anybody, and the library that validates,
// gojsonschema, is made for neither: it fetches what a schema names, overflows the stack on a cycle, panics
// on 1e9999999, and can be made to think for hours by a page of schema. This package is the fence around it.
// What the library gets is always
//
//   - a schema written anew from checked parts (node, clean), so that no word of the document reaches it,
//     with no cycle that stays at the same value (checkCycles) and of a bounded cost (measure);
//   - a value that was decoded strictly, within limits (readTraits), and whose size times the cost of the
//     schema is within a budget (cost.afford);
//   - a loader that loads nothing, and formats under names of our own (engine, registerFormats).
//
// What it answers is told in our words, which never hold a value (violation). In what it compares it is held
// to what a float64 can tell apart (inexact). The rest, draft-07 itself, it does well.
//
// # What is refused that draft-07 allows
//
// An $id below the root; references to documents that are not in the registry, the meta-schema included;
// regular expressions that RE2 cannot say; an empty enum; a lower bound above its upper bound; numbers in
// enum and const that a double cannot hold; more than 1000 checks of one value. Each refusal names the place
// and, where there is one, the way to write it.
//
// # Reading on
//
// A document becomes nodes in reader, keywords, applicators, reference and extension. A compiled schema is
// made of them in compile: the cost, the engine, and the plan, which leads a walk over traits to the values
// that carry an annotation (extract, address). How values are normalised is in normalize, email and phone.
package schema
