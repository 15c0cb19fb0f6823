// Package query selects and sorts identities: by expressions, by searches for words, and by sort orders.
// [Expr.Matches], [Search.Matches] and [Sort.Compare] decide, in Go, and give the same result for every store.
// A store may use an index or a column to read fewer identities, but not to decide.
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
// Any other path is an error, never an empty result. In traits and metadata every name is allowed. The configs
// of credentials have no path, so no path leads to a secret.
//
// # Meaning
//
//   - A value is absent if it does not exist, is null, is an empty list, or is a list of absent values only. For
//     an absent value only Ne holds, and Not of an expression that does not hold.
//   - A path goes through a list into each of its elements. A comparison with a list compares with each of its
//     elements, those of lists within it too. It holds if it holds for one of them. An index in a path, such as
//     /traits/emails/0, means that element alone. Within [Any] all must hold for the same element.
//   - Eq, Ne, Gt, Ge, Lt and Le compare exactly: numbers by their decimal value, strings by code point, times
//     as instants. Values of different types are never equal and have no order.
//   - Contains, StartsWith and EndsWith compare strings as [Fold] gives them.
//   - A value that is compared with an identifier or an address is normalised first ([schema.Normalize]).
//     Identifiers of credential types that are stored unchanged (oidc and others) are an exception. The ids of
//     identities, organizations and addresses are compared as UUIDs: their spelling makes no difference.
//
// # What a store does with it
//
// A store that keeps columns, claims or indexes calls [Expr.Conditions] to learn what holds for every identity
// that matches. Each [Condition] names a path and alternative tests. The store picks one or several conditions
// for whose path it has a column or an index, and reads the identities that these select. Matches then decides.
//
//   - Columns and claims: a path such as /id, /state, /organization_id, /external_id or /identifiers with the
//     test [OpEqual] compares with [Test.Text], a time with [Test.Time]. A test of another operator selects by
//     text only in a column that is sorted by code point (as bytes). OpStartsWith compares folded text and
//     cannot use a column that is not folded.
//   - Declared indexes: for each declared path the store keeps a row for each of [Index.Keys], written in the
//     transaction of the change. A test selects the keys from the first to before the second of [Test.Range].
//     Keys are cut to [MaxIndexKey] bytes, and ranges are wide enough for that. Strings have a second, folded
//     key for OpStartsWith, from [FoldedKeys] on. A scan in the order of the values ends before the folded keys.
//     An identity may have several keys. A scan in ascending or descending order first reaches the key that the
//     identity is sorted by. Keys are longer than those of a [Position]. So a scan of an index may return
//     identities with equal positions in any order: the store must sort these by id.
//   - Search index: the store keeps [SearchText] in an index of trigrams. [Search.Needles] and [Expr.Needles]
//     return texts that must be in it.
//   - Folding follows an edition of Unicode: a store records [FoldVersion] beside the folded text.
//   - Pages: [Sort.Token] makes the token of a page from the [Sort.Position] of its last identity. The next page
//     begins with the first identity whose position [Sort.Compare] puts behind that. Positions are cut to
//     [MaxSortKey] code points, and ties are broken by id. So no page repeats or skips an unchanged identity.
package query
