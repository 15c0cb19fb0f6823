package sqlitedb

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/claimtype"
	"github.com/idemkit/idem/storage/internal/document"
	"github.com/idemkit/idem/storage/internal/sqliteerror"
)

// keysAtOnce is how many identities claimKeys looks at in one transaction.
const keysAtOnce = 500

// claimKeys claims the WebAuthn keys of identities that were written before keys were
// claims. Of two identities with one key, that with the lower id gets it. The other keeps
// the key without a claim, which is reported: somebody must decide whose it is, and until
// then both sign in as before. An identity that cannot be read has no claims to find.
func claimKeys(ctx context.Context, m *migration) error {
	after := []byte{}
	for {
		var (
			last  []byte
			found int
		)
		err := m.inTransaction(ctx, func(tx *sql.Tx) (err error) {
			keys, err := keysOf(ctx, tx, after)
			if err != nil {
				return err
			}
			for _, k := range keys {
				last, found = k.row, found+1
				for _, claim := range k.claims {
					if err := m.claimKey(ctx, tx, k.id, claim); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if found < keysAtOnce {
			return nil
		}
		after = last
		yield(ctx)
	}
}

// keys are the claims of an identity on its keys.
type keys struct {
	row    []byte // the id as it is stored
	id     uuid.UUID
	claims []storage.Claim
}

// keysOf returns the next identities after an id, and what keys each claims.
func keysOf(ctx context.Context, tx *sql.Tx, after []byte) (found []keys, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT id, document FROM idem_identities WHERE id > ? ORDER BY id LIMIT ?`, after, keysAtOnce)
	if err != nil {
		return nil, sqliteerror.Translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		var key, raw sql.RawBytes
		if err := rows.Scan(&key, &raw); err != nil {
			return nil, sqliteerror.Translate(err)
		}
		k := keys{row: bytes.Clone(key)}
		// A document is only read if it may have keys: most have none.
		if bytes.Contains(raw, []byte(`"k":[`)) && k.id.UnmarshalBinary(key) == nil {
			if i, err := document.Decode(k.id, 1, raw); err == nil {
				for _, claim := range storage.Claims(i) {
					if claim.Kind == storage.ClaimKindKey {
						k.claims = append(k.claims, claim)
					}
				}
			}
		}
		found = append(found, k)
	}
	return found, sqliteerror.Translate(rows.Err())
}

// claimKey claims a key unless another identity has it.
func (m *migration) claimKey(ctx context.Context, tx *sql.Tx, id uuid.UUID, claim storage.Claim) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO idem_identifiers (type, identifier, identity_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, claimtype.Kept(claim), claim.Value, id[:])
	if err != nil {
		return sqliteerror.Translate(err)
	}
	var owner []byte
	if err := tx.QueryRowContext(ctx, queries[selectOwner], claimtype.Kept(claim), claim.Value).Scan(&owner); err != nil {
		return sqliteerror.Translate(err)
	}
	if !bytes.Equal(owner, id[:]) {
		first, _ := uuid.FromBytes(owner)
		m.logger.LogAttrs(ctx, slog.LevelWarn, "two identities have one WebAuthn key, which stays unclaimed by the second",
			slog.String("first", first.String()), slog.String("second", id.String()))
	}
	return nil
}
