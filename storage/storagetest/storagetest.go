// Package storagetest is the contract of [storage.Storage] in runnable form, as
// testing/fstest is for io/fs. A store's whole test is:
//
//	func TestStore(t *testing.T) {
//		storagetest.Run(t, func(t *testing.T) storage.Storage { return memory.New() })
//	}
//
// Run it with -race.
package storagetest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
)

// Option changes how [Run] tests a store.
type Option struct{ apply func(*config) }

type config struct {
	transaction bool
	parallel    chan struct{}
	fillRecords func(t *testing.T, store storage.Storage, records []storage.Record)
	queries     int
	rival       func(t *testing.T, store storage.Storage) storage.Storage
}

// InTransaction is for stores within a transaction of an application. Such a store refuses operations that must be durable
// when they return.
func InTransaction() Option {
	return Option{func(c *config) { c.transaction = true }}
}

// MaxParallel sets how many stores may be open at the same time, for a database with few connections. The default is that of
// go test -parallel.
func MaxParallel(stores int) Option {
	return Option{func(c *config) { c.parallel = make(chan struct{}, stores) }}
}

// FillRecords sets a function that adds many records to a store quickly. One case needs 100,000 records, none of which
// belongs to an identity. If the function is nil, this case is skipped; use that if another test runs it for the same code.
func FillRecords(fill func(t *testing.T, store storage.Storage, records []storage.Record)) Option {
	return Option{func(c *config) { c.fillRecords = fill }}
}

// QueryCount sets how many random lists and counts one case makes. The default is 1,000.
func QueryCount(count int) Option {
	return Option{func(c *config) { c.queries = count }}
}

// Rival sets a function that opens a second store on the same database, as another process would. Run closes that store.
// Without this option the cases about two stores use one store twice.
func Rival(open func(t *testing.T, store storage.Storage) storage.Storage) Option {
	return Option{func(c *config) { c.rival = open }}
}

// Run checks every promise of the contract, each on an empty store that open
// returns. Run closes the stores.
func Run(t *testing.T, open func(t *testing.T) storage.Storage, options ...Option) {
	cfg := config{fillRecords: fillRecords, queries: 1000}
	for _, option := range options {
		option.apply(&cfg)
	}
	all := slices.Concat(cases, []testCase{{
		"RecordsBounded", "records without an identity are bounded, and the soonest to expire go first",
		func(t *testing.T, store storage.Storage) { recordsBounded(t, store, cfg.fillRecords) }, onStore,
	}, {
		"Queries", "random filters, searches, orders and pages are what matching and a plain sort give, with writers at work",
		func(t *testing.T, store storage.Storage) { Queries(t, store, cfg.queries) }, everywhere,
	}}, rivalCases(cfg))
	for _, c := range all {
		if c.name == "RecordsBounded" && cfg.fillRecords == nil {
			continue
		}
		if c.where == onStore && cfg.transaction || c.where == inTransaction && !cfg.transaction {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if cfg.parallel != nil {
				cfg.parallel <- struct{}{}
				defer func() { <-cfg.parallel }()
			}
			store := open(t)
			defer func() {
				if t.Failed() {
					t.Log("the promise: " + c.promise)
				}
				if err := store.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}()
			c.check(t, store)
		})
	}
}

// rivalCases are the promises about two stores on one database.
func rivalCases(cfg config) (all []testCase) {
	for _, c := range []struct {
		name, promise string
		check         func(t *testing.T, store, rival storage.Storage)
	}{
		{"UpdateBesideRival", "an update is of the identity as it is when it is written, whatever another process does meanwhile", updateBesideRival},
		{"DeleteBesideRival", "a delete is checked on the identity as it is when it is removed, whatever another process does meanwhile", deleteBesideRival},
		{"RecordBesideRival", "a change of a record is made of the record as it is when it is written", recordBesideRival},
		{"RivalsAgree", "two stores on one database lose nothing, and see the same feed", rivalsAgree},
		{"RivalsSwap", "two identities that take each other's identifier at once are both refused", rivalsSwap},
	} {
		all = append(all, testCase{c.name, c.promise, func(t *testing.T, store storage.Storage) {
			rival := store
			if cfg.rival != nil {
				rival = cfg.rival(t, store)
				defer func() { require.NoError(t, rival.Close()) }()
			}
			c.check(t, store, rival)
		}, onStore})
	}
	return all
}

// where says which stores a case is for.
type where int

const (
	everywhere    where = iota
	onStore             // not those of an application's transaction
	inTransaction       // those alone
)

// testCase is a promise and what checks it.
type testCase struct {
	name, promise string
	check         func(t *testing.T, store storage.Storage)
	where         where
}

// cases are the promises, but for those whose check needs an option.
var cases = []testCase{
	{"RoundTrip", "every field comes back as it was given, from Create, Get, Update and both Finds", roundTrip, everywhere},
	{"ExactBytes", "the bytes of traits and metadata come back as they went in", exactBytes, everywhere},
	{"AbsentAdminMetadata", "metadata that is null is metadata that is absent", absentAdminMetadata, everywhere},
	{"EmptyValues", "empty traits are {}, empty metadata is absent, and both can be read again", emptyValues, everywhere},
	{"Microseconds", "times come back in UTC, truncated to the microsecond", microseconds, everywhere},
	{"ResultsAreCopies", "no later edit of a value reaches inside the store", resultsAreCopies, everywhere},
	{"PurePromise", "a promise to another store that its changes are pure is none to this one", purePromise, everywhere},

	{"FailedChange", "a change that fails leaves no trace and its error comes back as it is", failedChange, everywhere},
	{"EditInPlace", "an edit in place is kept", editInPlace, everywhere},
	{"EqualChange", "a result equal by content writes nothing and keeps the revision", equalChange, everywhere},
	{"FixedFields", "a change cannot alter the id, the revision or the creation time", fixedFields, everywhere},
	{"RevisionsGapless", "each change has the next revision", revisionsGapless, everywhere},
	{"PanickingChange", "a change that panics panics on its caller alone and leaves no trace", panickingChange, everywhere},

	{"ExitingChange", "a change that ends its goroutine ends no other's, and leaves no trace", exitingChange, everywhere},

	{"NotFound", "what is not there is ErrNotFound, whatever is asked of it", notFound, everywhere},
	{"Delete", "what a deleted identity claimed is free again", deleteFrees, everywhere},
	{"RefusedDelete", "a check that fails keeps the identity", refusedDelete, everywhere},

	{"Conflicts", "each kind of claim is unique, and the error says what clashed and wraps ErrConflict", conflicts, everywhere},
	{"ConflictLeavesNoTrace", "a refused create or update changes nothing at all", conflictLeavesNoTrace, everywhere},
	{"ManyClaims", "of many claims of one identity each is kept and each is unique", manyClaims, everywhere},
	{"SeparateClaims", "the same value may be claimed as different things", separateClaims, everywhere},
	{"OwnClaims", "what an identity claims already is no conflict for a rival update of the same identity", ownClaims, everywhere},
	{"ReleasedClaims", "an update frees what the identity no longer claims", releasedClaims, everywhere},

	{"ClaimBeforeID", "of an id and a claim of another identity the claim is told", claimBeforeID, everywhere},
	{"OddTexts", "identifiers, addresses and external ids are compared byte for byte, whatever their bytes", oddTexts, everywhere},
	{"IDOrder", "ids are ordered as bytes", idOrder, everywhere},

	{"ParallelUpdates", "50 parallel read-modify-write updates of one identity all count", parallelUpdates, everywhere},
	{"UniquenessRace", "of 32 that race for one identifier exactly one gets it", uniquenessRace, everywhere},
	{"MixedRace", "writers of every kind at once leave identities and claims in agreement", mixedRace, everywhere},

	{"ListWithoutCredentials", "a list leaves out credentials when asked to, and filters by them all the same", listWithoutCredentials, everywhere},
	{"ListPages", "pages of any size give every identity once, in order of id", listPages, everywhere},
	{"ListDefaultLimit", "a page without a limit has DefaultLimit identities", listDefaultLimit, everywhere},
	{"ListFilters", "a filter matches what it says, page by page and in number", listFilters, everywhere},
	{"ListDuringChanges", "pages neither repeat nor skip when identities come and go between them", listDuringChanges, everywhere},
	{"ListUnderLoad", "pages neither repeat nor skip while writers are at work", listUnderLoad, everywhere},
	{"ListOfTheMoment", "what a filter finds matches it, whatever changes meanwhile", listOfTheMoment, everywhere},
	{"CreateMany", "of many that are created at once each stands alone, and the earlier of two that clash is kept", importMany, everywhere},

	{"ChangeFeed", "every create, update and delete is an entry of the feed, in order, with its actor, and can be read from any position", changeFeed, everywhere},
	{"ChangesOfOne", "the changes of one identity are told in order, also when it is gone", changesOfOne, everywhere},
	{"RefusedIsNoChange", "what was refused or changed nothing is not in the feed", refusedIsNoChange, everywhere},
	{"ChangedFields", "the feed names the fields that changed, and no value", changedFields, everywhere},
	{"PruneChanges", "old changes go by number, the newest stays, and a reader that has missed some is told", pruneChanges, everywhere},
	{"PruneByAge", "what is old goes, whatever one clock said, and a time that no clock shows is a time", pruneByAge, everywhere},
	{"LongHistory", "the history of one identity is whole, in pages of any size, over milestones, deletes and pruning", longHistory, everywhere},
	{"FeedUnderLoad", "under 64 writers the feed is complete, without gaps, and in the order of the commits, also for a reader at the same time", feedUnderLoad, everywhere},
	{"Changed", "a commit and Close wake those that wait", changedChannel, everywhere},
	{"FeedResultsAreCopies", "no later edit of a change reaches inside the store", resultsOfFeedAreCopies, everywhere},

	{"ListVisits", "what a list visits is what it returns without a Visit", listVisits, everywhere},
	{"PageBytes", "a page is bounded by bytes too, has one identity at least, and says where the next begins", pageBytes, everywhere},

	{"MatchingEnds", "a list and a count end with their context, also within one large identity", matchingEnds, everywhere},

	{"FindKey", "a WebAuthn key belongs to one identity and is found by its id in any spelling", findKey, everywhere},
	{"FindAddress", "an identity is found by its addresses", findAddress, everywhere},
	{"FindOther", "what is no claim that is kept finds nobody", findOther, everywhere},

	{"RecordRoundTrip", "a record comes back as it was given, and nil deletes it", recordRoundTrip, onStore},
	{"RecordChanges", "a change of a record that fails, panics or ends its goroutine leaves no trace", recordChanges, onStore},
	{"RecordExpiry", "a record ceases to exist when it expires", recordExpiry, onStore},
	{"RecordPruning", "expired records go, a few with each write and all when asked", recordPruning, onStore},
	{"RecordsOfDeleted", "the records of an identity go with it", recordsOfDeleted, onStore},
	{"RecordRace", "of 50 that take a record at once exactly one gets it, and all that count in one are counted", recordRace, onStore},
	{"RecordBesideDelete", "no record is left of an identity that is deleted meanwhile", recordBesideDelete, onStore},
	{"RecordBesidePruning", "a record that is renewed stays, whatever prunes meanwhile", recordBesidePruning, onStore},
	{"RecordsPrint", "a record prints as a placeholder", recordsPrint, everywhere},
	{"RecordsInTransaction", "the store of an application's transaction refuses records", recordsInTransaction, inTransaction},

	{"Cancelled", "a call with an ended context returns its error and changes nothing", cancelled, everywhere},
	{"CancelledWhileWaiting", "an update whose context ends reports the truth", cancelledWhileWaiting, everywhere},
	{"AfterClose", "after Close every call is ErrClosed, and a second Close does nothing", afterClose, everywhere},
}
