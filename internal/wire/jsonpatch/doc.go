// Package jsonpatch changes a JSON document by a JSON Patch (RFC 6902) or a JSON Merge Patch (RFC 7396).
//
// A [Document] is decoded once, and only where a patch reaches into it. Values that a patch leaves alone keep their bytes.
// Three rules go beyond the RFCs: add and replace create what is missing in their path, a null included (a list where the
// next token is "-" or "0", otherwise an object); a patch may not make a document larger than [MaxSize] or deeper than
// [MaxDepth]; and the work of a patch is counted as it happens and bounded by the size of the patch and of the document.
//
// Everything that is refused is a [*violation.Error] whose pointer leads into the patch and whose message holds no value;
// only a failed test is [ErrTestFailed]. No input makes the package panic. Values are not safe for concurrent use, except
// a [Patch], which is never modified.
package jsonpatch
