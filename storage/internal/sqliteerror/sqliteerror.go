// Package sqliteerror reads the errors of SQLite drivers by their result codes, never by
// their text.
package sqliteerror

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"reflect"

	"github.com/idemkit/idem/storage"
)

// Primary result codes of SQLite: https://www.sqlite.org/rescode.html.
const (
	codeError    = 1
	codeBusy     = 5
	codeLocked   = 6
	codeNoMemory = 7
	codeReadOnly = 8
	codeIOError  = 10
	codeFull     = 13
	codeCantOpen = 14
)

// Translate returns err as the contract of [storage.Storage] has it: around
// [storage.ErrUnavailable] where the reason may pass. An error of a context is returned
// as it is.
func Translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, sql.ErrConnDone), errors.Is(err, driver.ErrBadConn), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", storage.ErrUnavailable, err)
	}
	code, known := resultCode(err)
	if !known {
		return fmt.Errorf("sqlite: %w", err)
	}
	switch code & 0xff {
	case codeBusy, codeLocked, codeNoMemory, codeReadOnly, codeIOError, codeFull, codeCantOpen:
		return fmt.Errorf("%w: %w", storage.ErrUnavailable, err)
	}
	return fmt.Errorf("sqlite: %w", err)
}

// TranslateCommit is [Translate] for the error of a COMMIT. A lock or a full disk
// stops a commit before it starts; after anything else the log may hold it or not,
// and what a crash makes of that log is not known: [storage.ErrOutcomeUnknown].
func TranslateCommit(err error) error {
	if err == nil {
		return nil
	}
	code, known := resultCode(err)
	switch {
	case known && (code&0xff == codeBusy || code&0xff == codeFull):
		return Translate(err)
	}
	return fmt.Errorf("%w: %w", storage.ErrOutcomeUnknown, Translate(err))
}

// IsBusy reports whether err says that somebody else holds a lock.
func IsBusy(err error) bool {
	code, known := resultCode(err)
	return known && code&0xff == codeBusy
}

// IsGeneric reports whether err is SQLite's generic error, which is that of a statement
// that cannot be prepared because a table is missing, among others.
func IsGeneric(err error) bool {
	code, known := resultCode(err)
	return known && code&0xff == codeError
}

// resultCode finds SQLite's result code in an error of whichever driver: those
// written in Go have a method Code, the one that wraps the C library has a field.
func resultCode(err error) (code int, known bool) {
	for err != nil {
		if coded, ok := err.(interface{ Code() int }); ok {
			return coded.Code(), true
		}
		value := reflect.Indirect(reflect.ValueOf(err))
		if value.Kind() == reflect.Struct {
			if field := value.FieldByName("Code"); field.IsValid() && field.CanInt() {
				return int(field.Int()), true
			}
		}
		if several, ok := err.(interface{ Unwrap() []error }); ok {
			for _, one := range several.Unwrap() {
				if code, known := resultCode(one); known {
					return code, true
				}
			}
			return 0, false
		}
		err = errors.Unwrap(err)
	}
	return 0, false
}
