//go:build unix

package faulttest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/google/uuid"

	"github.com/idemkit/idem/internal/faulttest/account"
)

// The phases of an operation as a journal has them.
const (
	called       = "called"
	acknowledged = "acknowledged"
	refused      = "refused" // conflict, not found, precondition: nothing has changed
	failed       = "failed"  // anything else; a run without faults has none
)

// record is a line of a journal.
type record struct {
	Phase string
	// Kind is "create", "change" or "delete".
	Kind string
	// Token is the operation's own.
	Token string
	// ID is the identity; a create learns it with the acknowledgement.
	ID       uuid.UUID
	Revision int64
	Error    string
}

// journal records operations outside the database. Each record is one write to a file
// opened for appending: what was written before a kill is in the system's hands.
type journal struct{ file *os.File }

func openJournal(path string) (*journal, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return &journal{file}, err
}

func (j *journal) write(r record) {
	if _, err := j.file.Write(append(account.Encode(r), '\n')); err != nil {
		panic(err)
	}
}

// readJournal returns the records at path, of which there may be none yet. A last line
// that the kill cut off was not written.
func readJournal(path string) ([]record, error) {
	content, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var records []record
	for line := range bytes.Lines(content) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("journal %s: %w", path, err)
		}
		records = append(records, r)
	}
	return records, nil
}
