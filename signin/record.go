package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
)

// keys makes the keys of records, and whatever else needs the key.
type keys struct{ key [KeyBytes]byte }

func newKeys(key []byte) *keys {
	k := &keys{}
	copy(k.key[:], key)
	return k
}

// sum is the HMAC of parts for one use. Each part is written with its length, so that no
// two lists of parts are the same bytes.
func (k *keys) sum(use string, parts ...[]byte) storage.RecordKey {
	mac := hmac.New(sha256.New, k.key[:])
	write := func(part []byte) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write(part)
	}
	write([]byte(use))
	for _, part := range parts {
		write(part)
	}
	return storage.RecordKey(mac.Sum(nil))
}

// RecordKey returns the key of a record for another package. use must be a unique name,
// such as "webauthn registration". It is for packages that check a credential
// themselves.
func (s *Service) RecordKey(use string, parts ...[]byte) storage.RecordKey {
	return s.keys.sum("use "+use, parts...)
}

// updateRecord replaces the value of a record by what change makes of it. current is nil
// where there is none; a result of nil deletes it. change gets a value of its own, may
// edit it, and may run again.
func updateRecord[T any](ctx context.Context, s *Service, key storage.RecordKey, owner uuid.UUID, change func(current *T) (next *T, expires time.Time)) error {
	return s.manager.UpdateRecord(ctx, key, func(r *storage.Record) (*storage.Record, error) {
		var current *T
		if r != nil {
			current = new(T)
			if err := readRecord(r, current); err != nil {
				return nil, err
			}
		}
		next, expires := change(current)
		if next == nil {
			return nil, nil
		}
		return newRecord(owner, next, expires)
	})
}

func newRecord(owner uuid.UUID, value any, expires time.Time) (*storage.Record, error) {
	raw, err := json.Marshal(value)
	return &storage.Record{Identity: owner, Value: raw, Expires: expires}, err
}

func readRecord(r *storage.Record, value any) error {
	if json.Unmarshal(r.Value, value) != nil {
		return errors.New("a record of package signin cannot be read") // the error's own text may show what it holds
	}
	return nil
}

// deleteRecord deletes a record.
func (s *Service) deleteRecord(ctx context.Context, key storage.RecordKey) error {
	return s.manager.UpdateRecord(ctx, key, func(*storage.Record) (*storage.Record, error) { return nil, nil })
}
