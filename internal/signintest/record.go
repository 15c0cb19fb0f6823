package signintest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
)

// callsStore notes which methods are called, and keeps what records hold.
type callsStore struct {
	storage.Storage
	mu      sync.Mutex
	calls   []string
	records map[storage.RecordKey]storage.Record
}

func (s *callsStore) note(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
}

func (s *callsStore) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

func (s *callsStore) Get(ctx context.Context, id uuid.UUID) (*identity.Identity, error) {
	s.note("get")
	return s.Storage.Get(ctx, id)
}

func (s *callsStore) Find(ctx context.Context, claim storage.Claim) (*identity.Identity, error) {
	s.note("find")
	return s.Storage.Find(ctx, claim)
}

func (s *callsStore) Update(ctx context.Context, id uuid.UUID, change func(*identity.Identity) (*identity.Identity, error)) (*identity.Identity, error) {
	s.note("update")
	return s.Storage.Update(ctx, id, change)
}

func (s *callsStore) UpdateRecord(ctx context.Context, key storage.RecordKey, now time.Time, change func(*storage.Record) (*storage.Record, error)) error {
	s.note("record")
	return s.Storage.UpdateRecord(ctx, key, now, func(current *storage.Record) (*storage.Record, error) {
		next, err := change(current)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.records == nil {
			s.records = map[storage.RecordKey]storage.Record{}
		}
		if delete(s.records, key); next != nil {
			s.records[key] = *next.Clone()
		}
		return next, err
	})
}

// TestDecoyEqual does everything with an address that somebody has and with one that nobody
// has: the fields, the errors, the calls of the store and what records are like must not
// tell which it was.
func (stores Stores) TestDecoyEqual(t *testing.T) {
	stores.each(t, func(t *testing.T, plain *office) {
		store := &callsStore{Storage: plain.store}
		o := newOffice(t, store)
		o.ada(t)
		store.take()
		type seen struct {
			code    [4]bool // which of the fields are empty
			length  int     // of the code
			expires time.Duration
			errs    []string
			calls   []string
			lengths []int // of the records
			lives   []time.Duration
		}
		look := func(address string, purpose signin.Purpose) seen {
			var s seen
			store.records = nil
			sent, err := o.IssueCode(t.Context(), purpose, "email", address)
			require.NoError(t, err)
			s.code = [4]bool{sent.Handle == "", sent.Code == "", sent.To == "", sent.Via == ""}
			s.length = len(sent.Code)
			require.Len(t, sent.Handle, 66)
			s.expires = sent.ExpiresAt.Sub(o.Clock.Now())
			for _, r := range store.records {
				s.lengths = append(s.lengths, epochless(t, r.Value))
				s.lives = append(s.lives, r.Expires.Sub(o.Clock.Now()))
				require.Zero(t, r.Identity)
			}
			try := func(code string) error {
				switch purpose {
				case signin.Verification:
					_, err = o.CompleteVerification(t.Context(), sent.Handle, code)
				case signin.Recovery:
					_, err = o.Recover(t.Context(), sent.Handle, code, another)
				default:
					_, err = o.SignInWithCode(t.Context(), sent.Handle, code)
				}
				return err
			}
			for range signin.MaxCodeAttempts + 1 {
				s.errs = append(s.errs, try(wrong(sent.Code)).Error())
			}
			_, err = o.IssueCode(t.Context(), purpose, "email", address)
			s.errs = append(s.errs, err.Error())
			s.calls = store.take()
			return s
		}
		for _, purpose := range []signin.Purpose{signin.Verification, signin.CodeSignIn, signin.Recovery} {
			require.Equal(t, look("grace@example.com", purpose), look(email, purpose), purpose)
			o.Clock.Advance(time.Minute)
			// Older rules made something else of these spellings.
			require.Equal(t, look("Grace@example。com", purpose), look("Ada@example。com", purpose), purpose)
			o.Clock.Advance(time.Minute)
		}
		invisible := strings.Repeat("\u200b", 500) // which the older rules took long to remove
		issuing := func(address string) float64 {
			return testing.AllocsPerRun(10, func() {
				o.Clock.Advance(2 * time.Hour)
				_, err := o.IssueCode(t.Context(), signin.Verification, "email", address)
				require.NoError(t, err)
			})
		}
		unknown, known := issuing("g"+invisible+"race@example.com"), issuing("a"+invisible+"da@example.com")
		require.InEpsilon(t, unknown, known, 0.1)
		store.take()
		passwords := func(identifier string) (errs []string, calls []string) {
			for range signin.FreeFailures + 1 {
				_, err := o.Password(t.Context(), identifier, another)
				errs = append(errs, err.Error())
			}
			return errs, store.take()
		}
		for known, unknown := range map[string]string{email: "grace@example.com", "Ada@example。com": "Grace@example。com"} {
			o.Clock.Advance(24 * time.Hour)
			knownErrs, knownCalls := passwords(known)
			unknownErrs, unknownCalls := passwords(unknown)
			require.Equal(t, unknownErrs, knownErrs)
			require.Equal(t, unknownCalls, knownCalls)
		}
	})
}

// epochless is the length of a value without its epochs, which are numbers of any length.
func epochless(t *testing.T, value []byte) int {
	t.Helper()
	var c struct {
		Live []struct {
			Epoch json.Number `json:"e"`
		} `json:"l"`
	}
	require.NoError(t, json.Unmarshal(value, &c))
	length := len(value)
	for _, l := range c.Live {
		length -= len(l.Epoch)
	}
	return length
}

// TestRowIsUselessWithoutTheHandle tries all codes on what the database keeps of one, with the
// key of the service at hand.
func (stores Stores) TestRowIsUselessWithoutTheHandle(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector, which finds nothing in one goroutine")
	}
	stores.each(t, func(t *testing.T, plain *office) {
		store := &callsStore{Storage: plain.store}
		o := newOffice(t, store)
		o.ada(t)
		sent := o.issue(t, signin.CodeSignIn, email)
		require.Len(t, store.records, 1)
		for _, r := range store.records {
			var kept struct {
				Live []struct {
					Handle []byte `json:"h"`
					MAC    []byte `json:"m"`
				} `json:"l"`
			}
			require.NoError(t, json.Unmarshal(r.Value, &kept))
			require.NotContains(t, string(r.Value), sent.Code)
			require.NotContains(t, string(r.Value), email)
			require.NotContains(t, string(r.Value), sent.Handle)
			for _, guess := range [][]byte{key, nil} {
				mac := hmac.New(sha256.New, guess)
				for n := range 1_000_000 {
					mac.Reset()
					fmt.Fprintf(mac, "one-time code %06d", n)
					if sum := mac.Sum(nil); hmac.Equal(sum, kept.Live[0].MAC) {
						t.Fatal("the code was found")
					}
				}
			}
		}
		_, err := o.SignInWithCode(t.Context(), sent.Handle, sent.Code)
		require.NoError(t, err)
	})
}

// inDatabase runs a test on every store that an application can have in its own database.
func (stores Stores) inDatabase(t *testing.T, test func(t *testing.T, o *office, db *sql.DB, within func(*sql.Tx) storage.Storage)) {
	for name, s := range stores {
		if s.InDatabase == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			db, store, within := s.InDatabase(t)
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			test(t, newOffice(t, store), db, within)
		})
	}
}

// wrapped is a store as an application may wrap it.
type wrapped struct{ storage.Storage }

// TestRefusedInTransaction calls everything within a transaction of the application.
func (stores Stores) TestRefusedInTransaction(t *testing.T) {
	stores.inDatabase(t, func(t *testing.T, o *office, db *sql.DB, within func(*sql.Tx) storage.Storage) {
		ada := o.ada(t)
		proof := o.signIn(t).Proof
		sent := o.issue(t, signin.Recovery, email)
		begun, err := o.BeginTOTP(t.Context(), proof, "")
		require.NoError(t, err)
		app, err := credentials.ParseTOTP(begun.URL)
		require.NoError(t, err)
		admin, err := o.IssueAdminCode(t.Context(), ada.ID, time.Hour)
		require.NoError(t, err)

		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		for _, store := range []storage.Storage{within(tx), wrapped{wrapped{within(tx)}}} {
			desk := o.WithStorage(store)
			for name, call := range map[string]func() error{
				"password": func() error { _, err := desk.Password(t.Context(), email, password); return err },
				"unknown":  func() error { _, err := desk.Password(t.Context(), "x", password); return err },
				"change":   func() error { _, err := desk.ChangePassword(t.Context(), proof, password, another); return err },
				"issue":    func() error { _, err := desk.IssueCode(t.Context(), signin.CodeSignIn, "email", email); return err },
				"admin":    func() error { _, err := desk.IssueAdminCode(t.Context(), ada.ID, time.Hour); return err },
				"sign in":  func() error { _, err := desk.SignInWithCode(t.Context(), sent.Handle, sent.Code); return err },
				"verify":   func() error { _, err := desk.CompleteVerification(t.Context(), sent.Handle, sent.Code); return err },
				"recover":  func() error { _, err := desk.Recover(t.Context(), sent.Handle, sent.Code, another); return err },
				"begin":    func() error { _, err := desk.BeginTOTP(t.Context(), proof, ""); return err },
				"finish":   func() error { _, err := desk.FinishTOTP(t.Context(), proof, begun.Handle, o.code(app)); return err },
				"unlock":   func() error { return desk.SecondFactorSucceeded(t.Context(), ada.ID) },
			} {
				require.ErrorIs(t, call(), storage.ErrInTransaction, name)
			}
			require.NoError(t, desk.Current(t.Context(), proof))
		}
		require.NoError(t, o.WithStorage(within(tx)).SignOutEverywhere(t.Context(), ada.ID))
		require.NoError(t, tx.Rollback())
		require.NoError(t, o.Current(t.Context(), proof), "rolled back with all else")
		_, err = o.Recover(t.Context(), admin.Handle, admin.Code, "a new engine, at last")
		require.NoError(t, err)
	})
}

// TestRefusedSecondFactorsInTransaction has the second factors, which need an identity that
// has them.
func (stores Stores) TestRefusedSecondFactorsInTransaction(t *testing.T) {
	stores.inDatabase(t, func(t *testing.T, o *office, db *sql.DB, within func(*sql.Tx) storage.Storage) {
		ada := o.ada(t)
		app, _ := o.enrol(t, o.signIn(t).Proof)
		who, err := o.TOTP(t.Context(), o.signIn(t).Proof, o.code(app))
		require.NoError(t, err)
		codes, _, err := o.NewLookupCodes(t.Context(), who.Proof)
		require.NoError(t, err)
		o.Clock.Advance(time.Minute)
		first := o.signIn(t).Proof
		before := o.get(t, ada)
		tx, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		desk := o.WithStorage(wrapped{within(tx)})
		_, err = desk.TOTP(t.Context(), first, o.code(app))
		require.ErrorIs(t, err, storage.ErrInTransaction)
		_, err = desk.LookupCode(t.Context(), first, codes[0])
		require.ErrorIs(t, err, storage.ErrInTransaction)
		require.NoError(t, tx.Commit())
		require.True(t, before.Equal(o.get(t, ada)))
		_, err = o.TOTP(t.Context(), first, o.code(app))
		require.NoError(t, err)
	})
}

// rounds is how often a race is run: a few times, or as often as IDEM_ROUNDS asks.
func rounds(t testing.TB, few int) int {
	text := os.Getenv("IDEM_ROUNDS")
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// dawdlingStore takes its time after it has updated a record, so that others come between
// that and what its caller does next.
type dawdlingStore struct{ storage.Storage }

func (s dawdlingStore) UpdateRecord(ctx context.Context, key storage.RecordKey, now time.Time, change func(*storage.Record) (*storage.Record, error)) error {
	err := s.Storage.UpdateRecord(ctx, key, now, change)
	time.Sleep(2 * time.Millisecond)
	return err
}

// TestOneWinner has 50 come with one code at the same time, through two services on one
// store, again and again: each code lets one of them in.
func (stores Stores) TestOneWinner(t *testing.T) {
	stores.each(t, func(t *testing.T, plain *office) {
		o := newOffice(t, dawdlingStore{plain.store})
		o.ada(t)
		other := newOffice(t, dawdlingStore{plain.store})
		app, _ := o.enrol(t, o.signIn(t).Proof)
		race := func(come func(desk *signin.Service) error) {
			t.Helper()
			var (
				running sync.WaitGroup
				mu      sync.Mutex
				winners int
			)
			start := make(chan struct{})
			for n := range 50 {
				desk := o.Service
				if n%2 == 1 {
					desk = other.Service
				}
				running.Go(func() {
					<-start
					err := come(desk)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						winners++
						return
					}
					var throttled *signin.ThrottledError
					if !errors.Is(err, signin.ErrWrongCode) && !errors.As(err, &throttled) {
						t.Errorf("an error that is none of a loser: %v", err)
					}
				})
			}
			close(start)
			running.Wait()
			if winners != 1 {
				t.Errorf("%d winners", winners)
			}
		}
		for range rounds(t, 1) {
			// Both desks have the time of one clock, which stands still in a race.
			o.Clock.Advance(25 * time.Hour)
			other.Clock.Advance(o.Clock.Now().Sub(other.Clock.Now()))
			first, code := o.signIn(t).Proof, o.code(app)
			race(func(desk *signin.Service) error { _, err := desk.TOTP(context.Background(), first, code); return err })

			sent := o.issue(t, signin.CodeSignIn, email)
			race(func(desk *signin.Service) error {
				_, err := desk.SignInWithCode(context.Background(), sent.Handle, sent.Code)
				return err
			})

			o.Clock.Advance(time.Hour)
			other.Clock.Advance(time.Hour)
			who, err := o.TOTP(t.Context(), o.signIn(t).Proof, o.code(app))
			require.NoError(t, err)
			codes, _, err := o.NewLookupCodes(t.Context(), who.Proof)
			require.NoError(t, err)
			first = o.signIn(t).Proof
			race(func(desk *signin.Service) error {
				_, err := desk.LookupCode(context.Background(), first, codes[0])
				return err
			})

			// The losers have failed with a lookup code, and would have to wait.
			o.Clock.Advance(signin.MaxDelay)
			other.Clock.Advance(signin.MaxDelay)
			sent = o.issue(t, signin.Recovery, email)
			race(func(desk *signin.Service) error {
				_, err := desk.Recover(context.Background(), sent.Handle, sent.Code, password, signin.WithLookupCode(codes[1]))
				var needed *signin.SecondFactorError
				if errors.As(err, &needed) {
					err = signin.ErrWrongCode // the lookup code is used by then
				}
				return err
			})
		}
	})
}

// TestRecordsStayBounded has more unknown identifiers tried than records may be. It takes long on a disk: there it runs as
// often as IDEM_ROUNDS asks, and not at all without it. That each store keeps to its bound is tested by storagetest.
func (stores Stores) TestRecordsStayBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("long with the race detector; other tests have as many goroutines")
	}
	stores.each(t, func(t *testing.T, plain *office) {
		few := storage.MaxAnonymousRecords + 5_000
		if _, inMemory := plain.store.(*memory.Store); !inMemory && rounds(t, 0) < few {
			t.Skipf("it takes long: IDEM_ROUNDS is not at least %d", few)
		}
		store := &longestRecord{Storage: plain.store}
		o := newOffice(t, store)
		ada := o.ada(t)
		_, err := o.Password(t.Context(), email, another)
		require.ErrorContains(t, err, "wrong")
		var (
			next    atomic.Int64
			running sync.WaitGroup
		)
		total := int64(max(few, rounds(t, few)))
		for range 64 {
			running.Go(func() {
				for n := next.Add(1); n <= total; n = next.Add(1) {
					if _, err := o.Password(t.Context(), fmt.Sprintf("nobody%d@example.com", n), another); !errors.Is(err, idem.ErrWrongPassword) {
						t.Errorf("attempt %d: %v", n, err)
						return
					}
					if n%1000 == 0 {
						o.Clock.Advance(time.Second)
					}
				}
			})
		}
		running.Wait()
		pruned, err := store.PruneRecords(t.Context(), o.Clock.Now().Add(365*24*time.Hour))
		require.NoError(t, err)
		require.LessOrEqual(t, pruned, storage.MaxAnonymousRecords)
		require.Greater(t, pruned, storage.MaxAnonymousRecords/2, "the newest attempts are counted")
		require.LessOrEqual(t, store.longest, 200, "a counter is small")
		require.Equal(t, ada.Revision, o.get(t, ada).Revision)
	})
}

// longestRecord notes how long values are.
type longestRecord struct {
	storage.Storage
	mu      sync.Mutex
	longest int
}

func (s *longestRecord) UpdateRecord(ctx context.Context, key storage.RecordKey, now time.Time, change func(*storage.Record) (*storage.Record, error)) error {
	return s.Storage.UpdateRecord(ctx, key, now, func(current *storage.Record) (*storage.Record, error) {
		next, err := change(current)
		if next != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.longest = max(s.longest, len(next.Value))
		}
		return next, err
	})
}

// TestRecordsFit fills a record of codes with all that it can hold.
func (stores Stores) TestRecordsFit(t *testing.T) {
	stores.each(t, func(t *testing.T, plain *office) {
		store := &longestRecord{Storage: plain.store}
		o := newOffice(t, store)
		o.ada(t)
		for range 20 {
			sent := o.issue(t, signin.Recovery, email)
			for range signin.MaxCodeAttempts {
				_, err := o.Recover(t.Context(), sent.Handle, wrong(sent.Code), another)
				require.ErrorIs(t, err, signin.ErrWrongCode)
			}
			o.Clock.Advance(time.Minute)
		}
		require.Less(t, store.longest, storage.MaxRecordBytes/2)
	})
}

// TestNothingPrintsCodes formats everything that holds a secret, and looks at the log and
// the feed after everything was done once.
func (stores Stores) TestNothingPrintsCodes(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		var printed strings.Builder
		o.ada(t)
		var secrets []string
		show := func(values ...any) {
			for _, v := range values {
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
					fmt.Fprintf(&printed, verb+"\n", v)
				}
				raw, err := json.Marshal(v)
				if err == nil {
					printed.Write(raw)
				}
			}
		}
		sent := o.issue(t, signin.Recovery, email)
		admin, err := o.IssueAdminCode(t.Context(), o.signIn(t).Identity.ID, time.Hour)
		require.NoError(t, err)
		begun, err := o.BeginTOTP(t.Context(), o.signIn(t).Proof, "idem")
		require.NoError(t, err)
		secrets = append(secrets, sent.Handle, admin.Handle, admin.Code, begun.Handle, begun.URL, secretOf(t, begun.URL), password)
		who := o.signIn(t)
		show(sent, &sent, admin, begun, &begun, o.Service, who, who.Proof, signin.WithTOTP(sent.Code), signin.WithLookupCode("abcde-fghij"),
			[]signin.Code{sent}, map[string]signin.Enrolment{"x": begun})
		_, err = o.Recover(t.Context(), sent.Handle, wrong(sent.Code), another)
		show(err)
		_, err = o.Recover(t.Context(), sent.Handle, sent.Code, "password1")
		show(err)
		_, err = o.Recover(t.Context(), sent.Handle, sent.Code, "a new engine, at last")
		require.NoError(t, err)
		secrets = append(secrets, "a new engine, at last")
		for c, err := range o.Changes(t.Context(), storage.ChangeQuery{}) {
			require.NoError(t, err)
			show(c)
		}
		for _, secret := range secrets {
			require.NotContains(t, printed.String(), secret)
			require.NotContains(t, printed.String(), fmt.Sprintf("%x", secret))
			require.NotContains(t, strings.ToLower(printed.String()), fmt.Sprintf("%X", secret))
		}
		require.NotContains(t, printed.String(), `"`+sent.Code)
		require.NotContains(t, printed.String(), fmt.Sprintf("%x", key))
		require.NotContains(t, printed.String(), "abcde-fghij")
	})
}

// TestEpochOfDesk ends sign-ins by everything that must end them, and by nothing else.
func (stores Stores) TestEpochOfDesk(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		ada := o.ada(t)
		still := func(what string, ends bool, change func()) {
			t.Helper()
			proof := o.signIn(t).Proof
			change()
			if ends {
				require.ErrorIs(t, o.Current(t.Context(), proof), signin.ErrSignedOut, what)
			} else {
				require.NoError(t, o.Current(t.Context(), proof), what)
			}
		}
		none := func(err error) { t.Helper(); require.NoError(t, err) }
		still("a sign-in", false, func() { o.signIn(t) })
		still("a failure", false, func() { _, _ = o.Password(t.Context(), email, another) })
		still("a code", false, func() { o.issue(t, signin.Verification, email); o.Clock.Advance(time.Minute) })
		still("a verification", false, func() {
			sent := o.issue(t, signin.Verification, email)
			_, err := o.CompleteVerification(t.Context(), sent.Handle, sent.Code)
			none(err)
			o.Clock.Advance(time.Minute)
		})
		still("a sign-in with a code", false, func() {
			sent := o.issue(t, signin.CodeSignIn, email)
			_, err := o.SignInWithCode(t.Context(), sent.Handle, sent.Code)
			none(err)
			o.Clock.Advance(time.Minute)
		})
		still("a link", true, func() {
			_, err := o.LinkFederated(t.Context(), o.signIn(t).Proof, signin.Claims{Provider: "google", Subject: "1815"})
			none(err)
		})
		still("an unlink", true, func() {
			_, err := o.RemoveFactor(t.Context(), o.signIn(t).Proof, credentials.TypeOIDC, "google:1815")
			none(err)
		})
		var app credentials.TOTP
		still("an app", true, func() { app, _ = o.enrol(t, o.signIn(t).Proof) })
		var strong signin.Proof
		still("a code of the app", false, func() {
			who, err := o.TOTP(t.Context(), o.signIn(t).Proof, o.code(app))
			none(err)
			strong = who.Proof
		})
		var codes []string
		still("lookup codes", true, func() {
			var changed signin.Changed
			var err error
			codes, changed, err = o.NewLookupCodes(t.Context(), strong)
			none(err)
			strong = changed.Proof
		})
		still("a lookup code", false, func() { _, err := o.LookupCode(t.Context(), o.signIn(t).Proof, codes[0]); none(err) })
		still("another password", true, func() {
			changed, err := o.ChangePassword(t.Context(), strong, password, "a new engine, at last")
			none(err)
			_, err = o.ChangePassword(t.Context(), changed.Proof, "a new engine, at last", password)
			none(err)
		})
		still("recovery", true, func() {
			sent := o.issue(t, signin.Recovery, email)
			_, err := o.Recover(t.Context(), sent.Handle, sent.Code, password, signin.WithLookupCode(codes[1]))
			none(err)
		})
		still("signing out", true, func() { none(o.SignOutEverywhere(t.Context(), ada.ID)) })
		still("traits", false, func() {
			_, err := o.UpdateIdentity(t.Context(), ada.ID, identity.Update{Traits: []byte(`{"email":"` + email + `","username":"ada"}`)})
			none(err)
		})
	})
}

// TestGeneration ends all sign-ins after a backup was restored.
func (stores Stores) TestGeneration(t *testing.T) {
	stores.each(t, func(t *testing.T, o *office) {
		o.ada(t)
		proof := o.signIn(t).Proof
		next, err := signin.New(o.Manager.Manager, key, signin.WithGeneration(1))
		require.NoError(t, err)
		require.ErrorIs(t, next.Current(t.Context(), proof), signin.ErrSignedOut)
		same, err := signin.New(o.Manager.Manager, key)
		require.NoError(t, err)
		require.NoError(t, same.Current(t.Context(), proof))
		raw, err := json.Marshal(proof)
		require.NoError(t, err)
		var read signin.Proof
		require.NoError(t, json.Unmarshal(raw, &read))
		require.NoError(t, same.Current(t.Context(), read), "a proof survives being kept as JSON")
	})
}
