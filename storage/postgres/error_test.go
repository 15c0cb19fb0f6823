package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/storage"
)

// answer is an error of the server, as every driver has them.
type answer string

func (a answer) Error() string    { return "duplicate key: ada@example.com" }
func (a answer) SQLState() string { return string(a) }

// TestFaults is the table of what errors mean for a statement that writes.
func TestFaults(t *testing.T) {
	dialing := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for _, c := range []struct {
		err   error
		fault fault
		told  error // of an error that had no effect; nil for none of the sentinels
	}{
		{answer("40001"), faultAgain, storage.ErrUnavailable},
		{answer("40P01"), faultAgain, storage.ErrUnavailable},
		{answer("23505"), faultDuplicate, nil},
		{answer("23503"), faultReference, nil},
		{answer("57P03"), faultUnavailable, storage.ErrUnavailable},
		{answer("53300"), faultUnavailable, storage.ErrUnavailable},
		{answer("53100"), faultUnavailable, storage.ErrUnavailable},
		{answer("55P03"), faultUnavailable, storage.ErrUnavailable},
		{answer("25006"), faultUnavailable, storage.ErrUnavailable},
		{answer("57014"), faultUnavailable, storage.ErrUnavailable},
		{answer("08006"), faultLost, storage.ErrUnavailable},
		{answer("57P01"), faultLost, storage.ErrUnavailable},
		{answer("57P02"), faultLost, storage.ErrUnavailable},
		{answer("40003"), faultLost, storage.ErrUnavailable},
		{answer("42P05"), faultOther, nil},
		{answer("42P01"), faultOther, nil},
		{answer("22023"), faultOther, nil},
		{io.ErrUnexpectedEOF, faultLost, storage.ErrUnavailable},
		{driver.ErrBadConn, faultLost, storage.ErrUnavailable},
		{context.DeadlineExceeded, faultLost, storage.ErrUnavailable},
		{dialing, faultUnavailable, storage.ErrUnavailable},
		{notSent{io.EOF}, faultNotSent, storage.ErrUnavailable},
		{notSent{answer("57P01")}, faultNotSent, storage.ErrUnavailable},
		{notSent{answer("53300")}, faultUnavailable, storage.ErrUnavailable},
		{sql.ErrTxDone, faultEnded, storage.ErrClosed},
	} {
		wrapped := fmt.Errorf("wrapped: %w", c.err)
		require.Equal(t, c.fault, faultOf(wrapped), "%v %s", c.err, sqlState(c.err))
		told := translate(wrapped)
		if c.told != nil {
			require.ErrorIs(t, told, c.told)
		} else {
			require.NotErrorIs(t, told, storage.ErrUnavailable)
			require.ErrorContains(t, told, sqlState(c.err))
		}
		require.NotContains(t, told.Error(), "ada@example.com")
		require.ErrorIs(t, unknown(wrapped), storage.ErrOutcomeUnknown)
		require.NotContains(t, unknown(wrapped).Error(), "ada@example.com")
	}
	require.NoError(t, translate(nil))
}

func TestEnded(t *testing.T) {
	require.True(t, isEnded(errors.New("tx is closed")), "of pgx")
	require.True(t, isEnded(sql.ErrTxDone))
	for _, err := range []error{nil, answer("57P01"), io.EOF, io.ErrUnexpectedEOF, driver.ErrBadConn, context.Canceled, &net.OpError{Op: "read", Err: io.EOF}} {
		require.False(t, isEnded(err), "%v", err)
	}
}

// TestArrays: the text of an array shows every byte as it is.
func TestArrays(t *testing.T) {
	same := func(s string) string { return s }
	require.Equal(t, `{}`, texts(nil, same))
	require.Equal(t, `{"a","b\"c\\d","","NULL"}`, texts([]string{"a", `b"c\d`, "", "NULL"}, same))
	require.Equal(t, `{"\\x00ff","\\x"}`, byteStrings([]string{"\x00\xff", ""}, same))
	require.Equal(t, `{1,-2}`, integers([]int64{1, -2}, func(n int64) int64 { return n }))
}

// TestStatements: every statement is in the list whose names get their schema, and no name of
// a table is left without it.
func TestStatements(t *testing.T) {
	for _, cfg := range []config{{}, {schema: `of "Ada"`}, {schema: "s", portable: true}} {
		for n, statement := range newStatements(cfg).all() {
			require.NotEmpty(t, *statement, "statement %d", n)
			require.NotContains(t, *statement, table)
			if cfg.schema != "" {
				require.Contains(t, *statement, quoteName(cfg.schema)+".idem_")
			}
		}
	}
}

func TestStatementsOf(t *testing.T) {
	require.Equal(t, []string{"CREATE a", "CREATE b"}, slices.Collect(statementsOf("-- why; because\nCREATE a;\n\nCREATE b; -- end\n")))
}

func TestOptions(t *testing.T) {
	for _, option := range []Option{WithSchema(""), WithSchema("a@b"), WithSchema("a\x00"), WithTimeout(0), WithResolve(-1)} {
		_, err := New(t.Context(), new(sql.DB), option)
		require.ErrorContains(t, err, "postgres: With")
	}
	_, err := New(t.Context(), nil)
	require.ErrorContains(t, err, "nil")
}
