package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/idemkit/idem/storage"
)

// fault is what an error of the database means for a statement.
type fault int

const (
	faultNone fault = iota
	// faultAgain: the transaction lost to another one and can be repeated.
	faultAgain
	// faultDuplicate: a row of that key exists.
	faultDuplicate
	// faultReference: there is no row that the new one refers to.
	faultReference
	// faultUnavailable: the statement had no effect, and might succeed later.
	faultUnavailable
	// faultNotSent: the connection was lost before a statement was sent.
	faultNotSent
	// faultLost: there is no answer, and a statement that writes may have had its effect.
	faultLost
	// faultEnded: the application's transaction has ended.
	faultEnded
	// faultOther: the statement had no effect, and repeating it would not help.
	faultOther
)

// SQLSTATEs, as appendix A of PostgreSQL's manual names them.
const (
	stateUndefinedTable     = "42P01"
	stateDuplicateTable     = "42P07"
	stateDuplicateObject    = "42710"
	stateUniqueViolation    = "23505"
	stateDuplicateStatement = "42P05"
	stateUnknownStatement   = "26000"
	stateFailedTransaction  = "25P02"
	stateReadOnly           = "25006"
)

// faultOf says what err means. Every driver's errors have the method SQLState if the
// server made them.
func faultOf(err error) fault {
	state := sqlState(err)
	switch {
	case err == nil:
		return faultNone
	case state == "":
		return faultOfConnection(err)
	case state == "40001", state == "40P01":
		return faultAgain
	case state == stateUniqueViolation:
		return faultDuplicate
	case state == "23503":
		return faultReference
	case state == "40003", strings.HasPrefix(state, "08"), state == "57P01", state == "57P02", state == "57P05":
		if errors.As(err, new(notSent)) {
			return faultNotSent
		}
		return faultLost
	case state == "57P03", strings.HasPrefix(state, "53"), state == "55P03", state == stateReadOnly, state == "57014", strings.HasPrefix(state, "58"):
		return faultUnavailable
	}
	return faultOther
}

// notSent is the failure to get a connection, or to begin a transaction on it.
type notSent struct{ error }

func (n notSent) Unwrap() error { return n.error }

// faultOfConnection is faultOf for an error that does not come from the server.
func faultOfConnection(err error) fault {
	var dialing *net.OpError
	switch {
	case errors.Is(err, sql.ErrTxDone):
		return faultEnded
	case errors.As(err, &dialing) && dialing.Op == "dial":
		return faultUnavailable
	case errors.As(err, new(notSent)):
		return faultNotSent
	}
	// Also driver.ErrBadConn, and what pgx calls safe to retry: drivers return both for
	// statements that were sent, a COMMIT among them.
	return faultLost
}

// isEnded reports whether err says that a transaction has ended, rather than that its
// connection was lost. The error of pgx for that has nothing to recognise it by but that it
// is no error of the server, the network, a context or a connection.
func isEnded(err error) bool {
	var (
		network   net.Error
		operation *net.OpError
		retriable interface{ SafeToRetry() bool }
	)
	switch {
	case err == nil:
		return false
	case errors.Is(err, sql.ErrTxDone):
		return true
	case sqlState(err) != "", errors.As(err, &network), errors.As(err, &operation), errors.As(err, &retriable),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	}
	return true
}

func sqlState(err error) string {
	var answer interface{ SQLState() string }
	if errors.As(err, &answer) {
		return answer.SQLState()
	}
	return ""
}

// translate returns what a caller is told of an error of the database, which had no
// effect. It shows no value: the messages of the server may quote what a statement was
// given.
func translate(err error) error {
	state := sqlState(err)
	switch faultOf(err) {
	case faultNone:
		return nil
	case faultEnded:
		return storage.ErrClosed
	case faultAgain:
		return fmt.Errorf("%w: the transaction lost to others too often (SQLSTATE %s)", storage.ErrUnavailable, state)
	case faultUnavailable, faultNotSent, faultLost:
		if state == "" {
			return fmt.Errorf("%w: no answer from the database: %w", storage.ErrUnavailable, hidden{err})
		}
		return fmt.Errorf("%w: %s (SQLSTATE %s)", storage.ErrUnavailable, reasonOf(state), state)
	}
	switch {
	case state == stateDuplicateStatement || state == stateUnknownStatement:
		return fmt.Errorf("postgres: the database has lost or mixed up prepared statements (SQLSTATE %s): behind a pooler in transaction mode set the driver to prepare none "+
			"(for pgx default_query_exec_mode=exec, for lib/pq binary_parameters=yes)", state)
	case state == stateUndefinedTable:
		return fmt.Errorf("postgres: a table of idem is missing (SQLSTATE %s): is this another database, or another schema than that of WithSchema?", state)
	case state == stateFailedTransaction:
		return fmt.Errorf("postgres: an earlier statement of the application has failed in this transaction (SQLSTATE %s): roll it back", state)
	case state == "42501":
		return fmt.Errorf("postgres: the database user lacks a right on the tables of idem (SQLSTATE %s)", state)
	}
	return fmt.Errorf("postgres: the database refused a statement of idem (SQLSTATE %s)", state)
}

// unknown returns what the caller of a write is told when its outcome cannot be found out.
func unknown(err error) error {
	if state := sqlState(err); state != "" {
		return fmt.Errorf("%w: %s (SQLSTATE %s)", storage.ErrOutcomeUnknown, reasonOf(state), state)
	}
	return fmt.Errorf("%w: no answer from the database", storage.ErrOutcomeUnknown)
}

func reasonOf(state string) string {
	switch {
	case state == "57P03":
		return "the database is starting up or shutting down"
	case state == "53300":
		return "the database has no connection left"
	case state == "53100":
		return "the disk of the database is full"
	case strings.HasPrefix(state, "53"):
		return "the database has run out of a resource"
	case state == "55P03":
		return "a lock was not available"
	case state == stateReadOnly:
		return "the database is read-only, as a standby is"
	case state == "57014":
		return "the database cancelled the statement, which took too long or was cancelled there"
	case strings.HasPrefix(state, "58"):
		return "the database had a fault of its system"
	}
	return "the connection to the database was lost"
}

// hidden keeps the text of a connection's error, which names hosts and users, out of what
// is shown. [errors.Is] and [errors.As] see it.
type hidden struct{ err error }

func (h hidden) Error() string {
	switch {
	case errors.Is(h.err, context.DeadlineExceeded):
		return "the time for it is over"
	case faultOf(h.err) == faultUnavailable:
		return "it cannot be reached"
	}
	return "the connection was lost"
}

func (h hidden) Unwrap() error { return h.err }
