package signin_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/signintest"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
	"github.com/idemkit/idem/storage/sqlite"
	"github.com/idemkit/idem/storage/sqlitedb"
)

// stores are those that need no server. The tests are in internal/signintest, which PostgreSQL's module runs as well.
var stores = signintest.Stores{
	"memory": {Open: func(testing.TB) storage.Storage { return memory.New() }},
	"sqlite": {
		Open:       func(t testing.TB) storage.Storage { return openFile(t, newFile(t)) },
		InDatabase: inDatabase,
		Place:      newFile, OpenPlace: openFile,
	},
}

func newFile(t testing.TB) string { return filepath.Join(t.TempDir(), "identities.db") }

func openFile(t testing.TB, path string) storage.Storage {
	store, err := sqlite.Open(context.Background(), path)
	require.NoError(t, err)
	return store
}

// inDatabase opens a store in the database of an application.
func inDatabase(t testing.TB) (*sql.DB, storage.Storage, func(*sql.Tx) storage.Storage) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "application.db")+"?_journal_mode=WAL&_txlock=immediate")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	store, err := sqlitedb.New(t.Context(), db)
	require.NoError(t, err)
	return db, store, func(tx *sql.Tx) storage.Storage { return store.WithTx(tx) }
}

func TestOtherProcess(t *testing.T) { stores.OtherProcess(t) }

func BenchmarkTiming(b *testing.B) { signintest.Timing(b) }

func TestVerification(t *testing.T) { stores.TestVerification(t) }

func TestSignInWithCode(t *testing.T) { stores.TestSignInWithCode(t) }

func TestWhoGetsCodes(t *testing.T) { stores.TestWhoGetsCodes(t) }

func TestCodesForFormerAddresses(t *testing.T) { stores.TestCodesForFormerAddresses(t) }

func TestHandlesThatWereChanged(t *testing.T) { stores.TestHandlesThatWereChanged(t) }

func TestCodesAreLimited(t *testing.T) { stores.TestCodesAreLimited(t) }

func TestFailuresOutliveReissue(t *testing.T) { stores.TestFailuresOutliveReissue(t) }

func TestCodeDies(t *testing.T) { stores.TestCodeDies(t) }

func TestRecover(t *testing.T) { stores.TestRecover(t) }

func TestRecoverUnverified(t *testing.T) { stores.TestRecoverUnverified(t) }

func TestRecoverNeedsSecondFactor(t *testing.T) { stores.TestRecoverNeedsSecondFactor(t) }

func TestRecoverWithSecurityKey(t *testing.T) { stores.TestRecoverWithSecurityKey(t) }

func TestPolicySilentBeforeRightCode(t *testing.T) { stores.TestPolicySilentBeforeRightCode(t) }

func TestAdminCodeWithoutAddress(t *testing.T) { stores.TestAdminCodeWithoutAddress(t) }

func TestSecondFactorNeedsProof(t *testing.T) { stores.TestSecondFactorNeedsProof(t) }

func TestTOTPReplay(t *testing.T) { stores.TestTOTPReplay(t) }

func TestTOTPReplayUnderAnotherName(t *testing.T) { stores.TestTOTPReplayUnderAnotherName(t) }

func TestEnrolmentUsesItsCode(t *testing.T) { stores.TestEnrolmentUsesItsCode(t) }

func TestEnrolmentEnds(t *testing.T) { stores.TestEnrolmentEnds(t) }

func TestPasswordSuccessKeepsTOTPCount(t *testing.T) { stores.TestPasswordSuccessKeepsTOTPCount(t) }

func TestEnrolmentOfLongName(t *testing.T) { stores.TestEnrolmentOfLongName(t) }

func TestEnrolmentUnlocks(t *testing.T) { stores.TestEnrolmentUnlocks(t) }

func TestLookupCodes(t *testing.T) { stores.TestLookupCodes(t) }

func TestUsedLookupCodesStayUsed(t *testing.T) { stores.TestUsedLookupCodesStayUsed(t) }

func TestImportedLookupCodes(t *testing.T) { stores.TestImportedLookupCodes(t) }

func TestNoFactor(t *testing.T) { stores.TestNoFactor(t) }

func TestChangePassword(t *testing.T) { stores.TestChangePassword(t) }

func TestChangePasswordMeanwhile(t *testing.T) { stores.TestChangePasswordMeanwhile(t) }

func TestStepUp(t *testing.T) { stores.TestStepUp(t) }

func TestDecideFederated(t *testing.T) { stores.TestDecideFederated(t) }

func TestTrustedDomain(t *testing.T) { stores.TestTrustedDomain(t) }

func TestPreHijacking(t *testing.T) { stores.TestPreHijacking(t) }

func TestJoinDecidesInTheStep(t *testing.T) { stores.TestJoinDecidesInTheStep(t) }

func TestKill(t *testing.T) { stores.TestKill(t) }

func TestNewRefusesWhatCannotWork(t *testing.T) { stores.TestNewRefusesWhatCannotWork(t) }

func TestPassword(t *testing.T) { stores.TestPassword(t) }

func TestThrottle(t *testing.T) { stores.TestThrottle(t) }

func TestThrottleClient(t *testing.T) { stores.TestThrottleClient(t) }

func TestThrottleClientAfterSuccess(t *testing.T) { stores.TestThrottleClientAfterSuccess(t) }

func TestThrottleClientMeanwhile(t *testing.T) { stores.TestThrottleClientMeanwhile(t) }

func TestThrottleInParallel(t *testing.T) { stores.TestThrottleInParallel(t) }

func TestDecoyEqual(t *testing.T) { stores.TestDecoyEqual(t) }

func TestRowIsUselessWithoutTheHandle(t *testing.T) { stores.TestRowIsUselessWithoutTheHandle(t) }

func TestRefusedInTransaction(t *testing.T) { stores.TestRefusedInTransaction(t) }

func TestRefusedSecondFactorsInTransaction(t *testing.T) {
	stores.TestRefusedSecondFactorsInTransaction(t)
}

func TestOneWinner(t *testing.T) { stores.TestOneWinner(t) }

func TestRecordsStayBounded(t *testing.T) { stores.TestRecordsStayBounded(t) }

func TestRecordsFit(t *testing.T) { stores.TestRecordsFit(t) }

func TestNothingPrintsCodes(t *testing.T) { stores.TestNothingPrintsCodes(t) }

func TestEpochOfDesk(t *testing.T) { stores.TestEpochOfDesk(t) }

func TestGeneration(t *testing.T) { stores.TestGeneration(t) }
