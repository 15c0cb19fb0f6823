package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/storage"
)

// Restore writes identities of another store unchanged: with their ids, revisions, times
// and credentials. It adds no entry to the feed; [Store.RestoreChanges] does that. An
// identity that already exists, equal and at the same revision, is skipped, so that an
// interrupted move can be run again. Restore returns how many identities it wrote. There
// must be no other writer meanwhile.
//
// Errors: an error that wraps [storage.ErrConflict] and names the first identity that
// exists and differs, or that has a claim of another identity; [storage.ErrUnavailable].
func (s *Store) Restore(ctx context.Context, identities []*identity.Identity) (restored int, err error) {
	var part []*write
	size := 0
	flush := func() error {
		count, err := s.restore(ctx, part)
		restored += count
		part, size = nil, 0
		return err
	}
	for _, i := range identities {
		w := newCreate(ctx, i)
		w.change.Revision = i.Revision
		if len(part) == maxBatch || size+len(w.document) > maxBatchBytes && len(part) > 0 {
			if err := flush(); err != nil {
				return restored, err
			}
		}
		part, size = append(part, w), size+len(w.document)
	}
	if len(part) > 0 {
		if err := flush(); err != nil {
			return restored, err
		}
	}
	return restored, s.verify(ctx, identities)
}

// verify requires that the identities are there as they are.
func (s *Store) verify(ctx context.Context, identities []*identity.Identity) error {
	wanted := make([]uuid.UUID, len(identities))
	for n, i := range identities {
		wanted[n] = i.ID
	}
	page, err := s.List(ctx, storage.Query{Filter: storage.Filter{IDs: wanted}, Limit: len(wanted)})
	if err != nil {
		return err
	}
	there := make(map[uuid.UUID]*identity.Identity, len(page.Identities))
	for _, i := range page.Identities {
		there[i.ID] = i
	}
	for _, i := range identities {
		switch found := there[i.ID]; {
		case found == nil:
			return fmt.Errorf("identity %s claims what another one has: %w", i.ID, storage.ErrConflict)
		case found.Revision != i.Revision || !found.Equal(i):
			return fmt.Errorf("identity %s is there already and differs: %w", i.ID, storage.ErrConflict)
		}
	}
	return nil
}

// restore makes one statement of Restore.
func (s *Store) restore(ctx context.Context, writes []*write) (count int, err error) {
	args := append(givenArgs(writes), claimsOf(writes, func(w *write) []storage.Claim { return w.added })...)
	_, err = read(ctx, s.reader, func(ctx context.Context) (struct{}, error) {
		count = 0
		return struct{}{}, s.db.queryOnce(ctx, s.statements.restore, args, func(row row) error {
			count++
			return row.Scan(new(int64))
		})
	})
	return count, err
}

// errGap says that changes cannot be restored because earlier ones are missing.
var errGap = errors.New("postgres: changes must be restored in order and without gaps")

// RestoreChanges appends changes of another store's feed, with their sequence numbers. They
// must continue the feed; if the feed is empty, the first may have any number. Changes that
// already exist are skipped, so that an interrupted move can be run again. There must be no
// other writer meanwhile.
func (s *Store) RestoreChanges(ctx context.Context, changes []storage.Change) error {
	last, err := s.LastChange(ctx)
	if err != nil || len(changes) == 0 {
		return err
	}
	for n, c := range changes {
		if n == 0 && last > 0 && c.Sequence > last+1 || n > 0 && c.Sequence != changes[n-1].Sequence+1 {
			return errGap
		}
	}
	text := func(of func(c storage.Change) string) string { return texts(changes, of) }
	number := func(of func(c storage.Change) int64) string { return integers(changes, of) }
	_, err = read(ctx, s.reader, func(ctx context.Context) (int64, error) {
		return s.db.exec(ctx, s.statements.restoreChanges,
			number(func(c storage.Change) int64 { return c.Sequence }),
			number(func(storage.Change) int64 { return newToken() }),
			ids(changes, func(c storage.Change) uuid.UUID { return c.IdentityID }),
			number(func(c storage.Change) int64 { return c.Revision }),
			text(func(c storage.Change) string { return string(c.Operation) }),
			number(func(c storage.Change) int64 { return storage.UnixMicro(c.Time) }),
			text(func(c storage.Change) string { return strings.Join(c.Fields, fieldSeparator) }),
			byteStrings(changes, func(c storage.Change) string { return c.Actor }))
	})
	return err
}
