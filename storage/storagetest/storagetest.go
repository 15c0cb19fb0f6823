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
	"testing"

	"github.com/idemkit/idem/storage"
)

// Run checks every promise of the contract, each on an empty store that open
// returns. Run closes the stores.
func Run(t *testing.T, open func(t *testing.T) storage.Storage) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
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

// cases are the promises and what checks them.
var cases = []struct {
	name, promise string
	check         func(t *testing.T, store storage.Storage)
}{
	{"RoundTrip", "every field comes back as it was given, from Create, Get, Update and both Finds", roundTrip},
	{"ExactBytes", "the bytes of traits and metadata come back as they went in", exactBytes},
	{"AbsentAdminMetadata", "absent admin metadata stays absent, and null stays null", absentAdminMetadata},
	{"EmptyValues", "empty traits are {}, empty metadata is absent, and both can be read again", emptyValues},
	{"Microseconds", "times come back in UTC, truncated to the microsecond", microseconds},
	{"ResultsAreCopies", "no later edit of a value reaches inside the store", resultsAreCopies},

	{"FailedChange", "a change that fails leaves no trace and its error comes back as it is", failedChange},
	{"EditInPlace", "an edit in place is kept", editInPlace},
	{"EqualChange", "a result equal by content writes nothing and keeps the revision", equalChange},
	{"FixedFields", "a change cannot alter the id, the revision or the creation time", fixedFields},
	{"RevisionsGapless", "each change has the next revision", revisionsGapless},
	{"PanickingChange", "a change that panics panics on its caller alone and leaves no trace", panickingChange},

	{"ExitingChange", "a change that ends its goroutine ends no other's, and leaves no trace", exitingChange},

	{"NotFound", "what is not there is ErrNotFound, whatever is asked of it", notFound},
	{"Delete", "what a deleted identity claimed is free again", deleteFrees},
	{"RefusedDelete", "a check that fails keeps the identity", refusedDelete},

	{"Conflicts", "each kind of claim is unique, and the error says what clashed and wraps ErrConflict", conflicts},
	{"ConflictLeavesNoTrace", "a refused create or update changes nothing at all", conflictLeavesNoTrace},
	{"SeparateClaims", "the same value may be claimed as different things", separateClaims},
	{"OwnClaims", "what an identity claims already is no conflict for a rival update of the same identity", ownClaims},
	{"ReleasedClaims", "an update frees what the identity no longer claims", releasedClaims},

	{"ParallelUpdates", "50 parallel read-modify-write updates of one identity all count", parallelUpdates},
	{"UniquenessRace", "of 32 that race for one identifier exactly one gets it", uniquenessRace},
	{"MixedRace", "writers of every kind at once leave identities and claims in agreement", mixedRace},

	{"ListPages", "pages of any size give every identity once, in order of id", listPages},
	{"ListDefaultLimit", "a page without a limit has DefaultLimit identities", listDefaultLimit},
	{"ListFilters", "a filter matches what it says, page by page and in number", listFilters},
	{"ListDuringChanges", "pages neither repeat nor skip when identities come and go between them", listDuringChanges},
	{"ListUnderLoad", "pages neither repeat nor skip while writers are at work", listUnderLoad},
	{"ListOfTheMoment", "what a filter finds matches it, whatever changes meanwhile", listOfTheMoment},
	{"Import", "of many that are created at once each stands alone, and the earlier of two that clash is kept", importMany},

	{"ChangeFeed", "every create, update and delete is an entry of the feed, in order, with its actor, and can be read from any position", changeFeed},
	{"ChangesOfOne", "the changes of one identity are told in order, also when it is gone", changesOfOne},
	{"RefusedIsNoChange", "what was refused or changed nothing is not in the feed", refusedIsNoChange},
	{"ChangedFields", "the feed names the fields that changed, and no value", changedFields},
	{"PruneChanges", "old changes go by age and by number, the newest stays, and a reader who has missed some is told", pruneChanges},
	{"FeedUnderLoad", "under 64 writers the feed is complete, without gaps, and in the order of the commits, also for who reads along", feedUnderLoad},
	{"Changed", "a commit and Close wake who waits", changedChannel},
	{"FeedResultsAreCopies", "no later edit of a change reaches inside the store", resultsOfFeedAreCopies},

	{"Cancelled", "a call with an ended context returns its error and changes nothing", cancelled},
	{"CancelledWhileWaiting", "an update whose context ends reports the truth", cancelledWhileWaiting},
	{"AfterClose", "after Close every call is ErrClosed, and a second Close does nothing", afterClose},
}
