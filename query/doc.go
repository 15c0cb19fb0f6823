// Package query says which identities are meant, and in what order: expressions, searches for words, and
// sorting. [Expr.Matches], [Search.Matches] and [Sort.Compare] decide, in Go and for every store alike. A
// store may use an index or a column to look at fewer identities, never to decide.
//
// # Paths
//
// A path is a JSON pointer (RFC 6901) into the identity as an administrator sees it:
//
//	/id  /external_id  /schema_id  /state  /organization_id  /created_at  /updated_at  /state_changed_at
//	/traits/…  /metadata_public/…  /metadata_admin/…
//	/credentials/TYPE  and in it  /type  /identifiers  /version  /created_at  /updated_at
//	/identifiers                    the identifiers of all credentials
//	/verifiable_addresses           and of each  /id /value /verified /via /status /verified_at /created_at /updated_at
//	/recovery_addresses             and of each  /id /value /via /created_at /updated_at
//
// Any other path is an error, never an empty result; in traits and metadata every name may exist. The configs
// of credentials are not part of this, so that no path leads to a secret.
//
// # Meaning
//
//   - Nothing, null, a list with nothing else in it and a list without elements are absent. For what is absent
//     only Ne holds, and Not of what does not hold.
//   - A path leads through a list into each of its elements, and a comparison with a list is one with each of
//     its elements, of lists within it too: it holds if it holds for one of them. An index in a path, such as
//     /traits/emails/0, means that element alone. Within [Any] all must hold for the same element.
//   - Eq, Ne, Gt, Ge, Lt and Le compare exactly: numbers by their decimal value, strings by code point, times
//     as instants. Values of different types are never equal and have no order.
//   - Contains, StartsWith and EndsWith compare strings as [Fold] gives them.
//   - What is compared with an identifier or an address is brought to its normalised form first, as
//     [schema.Normalize] does, except for identifiers of credential types that are kept as they are (oidc and
//     others). The ids of identities, organizations and addresses are equal however the UUID is spelt.
//
// # What a store does with it
//
// A store that keeps columns, claims or indexes asks [Expr.Conditions] what must hold for every identity that
// matches. Each [Condition] names a path and alternative tests. Of those whose path it has something for, it
// takes the best, or several, reads the identities that these select, and lets Matches decide.
//
//   - Columns and claims: a path such as /id, /state, /organization_id, /external_id or /identifiers with the
//     test [OpEqual] compares with [Test.Text], a time with [Test.Time]. A test of another operator selects by
//     text only in a column that is sorted by code point (as bytes). OpStartsWith compares folded text and
//     cannot use a column that is not folded.
//   - Declared indexes: for each declared path the store keeps a row for each of [Index.Keys], written in the
//     transaction of the change. A test selects the keys from the first to before the second of [Test.Range].
//     Keys are cut to [MaxIndexKey] bytes, and ranges are wide enough for that. Strings have a second, folded
//     key from [FoldedKeys] on, for OpStartsWith; a scan in the order of the values ends before those.
//     An identity may have several keys. A scan in ascending or descending order meets first the one that the
//     identity is sorted by. Keys are longer than those of a [Position], so that a scan of an index has
//     identities with equal positions in an order of its own: they must be brought into that of their ids.
//   - Search index: the store keeps [SearchText] in an index of trigrams. [Search.Needles] and [Expr.Needles]
//     are texts that must be in it.
//   - Folding follows an edition of Unicode: a store records [FoldVersion] beside what was folded.
//   - Pages: [Sort.Position] of the last identity of a page goes into its token with [Sort.Token]; the next
//     page begins with the first identity whose position [Sort.Compare] puts behind it. Positions are cut to
//     [MaxSortKey] code points, and ties are broken by id, so that no page repeats or skips what stayed.
package query
