package console

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/internal/wire"
)

// export sends all people that the list finds, one a line: as JSON, as the admin API answers them, or as CSV. No
// credential's config is in either.
func (req *request) export(uuid.UUID) error {
	l := readListing(req.r)
	q, err := l.find()
	if err != nil {
		return err
	}
	q.PageSize, q.PageToken = idem.MaxPageSize, ""
	var (
		format = req.r.URL.Query().Get("format")
		write  func(*identity.Identity) error
		end    = func() error { return nil }
		media  = "application/x-ndjson"
	)
	out := http.NewResponseController(req.w)
	switch format {
	case "ndjson":
		view := wire.View{}
		var line []byte
		write = func(i *identity.Identity) error {
			line = append(view.Append(line[:0], i), '\n')
			_, err := req.w.Write(line)
			return err
		}
	case "csv":
		media = "text/csv; charset=utf-8"
		write, end = writeCSV(req.w)
	default:
		return errNoPage
	}
	// The first page tells whether the query can be answered at all, while another answer can still be given.
	if _, err := req.manager.ListIdentities(req.r.Context(), q); err != nil {
		return err
	}
	header := req.w.Header()
	header.Set("Content-Type", media)
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Disposition", `attachment; filename="people.`+format+`"`)
	if req.r.Method == http.MethodHead {
		return nil
	}
	for i, err := range req.manager.Identities(req.r.Context(), q) {
		_ = out.SetWriteDeadline(time.Now().Add(writeTimeout)) // the server's is for answers that end soon
		if err == nil {
			err = write(i)
		}
		if err != nil {
			// A file that ends in the middle must not look whole.
			panic(http.ErrAbortHandler)
		}
	}
	if end() != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// columns of an exported CSV. The traits are one column of JSON: their members differ by person and schema.
var columns = []struct {
	name string
	of   func(i *identity.Identity) string
}{
	{"id", func(i *identity.Identity) string { return i.ID.String() }},
	{"external_id", func(i *identity.Identity) string { return i.ExternalID }},
	{"name", nameOf},
	{"identifiers", func(i *identity.Identity) string { return strings.Join(identifiersOf(i), " ") }},
	{"state", func(i *identity.Identity) string { return string(i.State) }},
	{"schema_id", func(i *identity.Identity) string { return i.SchemaID }},
	{"verified", func(i *identity.Identity) string {
		var verified []string
		for _, a := range i.VerifiableAddresses {
			if a.Verified {
				verified = append(verified, a.Value)
			}
		}
		return strings.Join(verified, " ")
	}},
	{"created_at", func(i *identity.Identity) string { return i.CreatedAt.Format(time.RFC3339Nano) }},
	{"updated_at", func(i *identity.Identity) string { return i.UpdatedAt.Format(time.RFC3339Nano) }},
	{"traits", func(i *identity.Identity) string { return string(i.Traits) }},
	{"metadata_public", func(i *identity.Identity) string { return string(i.MetadataPublic) }},
	{"metadata_admin", func(i *identity.Identity) string { return string(i.MetadataAdmin) }},
}

// writeCSV returns what writes a person as a line of CSV (RFC 4180), after the names of the columns, and what has to be
// called at the end.
func writeCSV(to io.Writer) (write func(*identity.Identity) error, end func() error) {
	out := csv.NewWriter(to)
	cells := make([]string, len(columns))
	begun := false
	begin := func() error {
		if begun {
			return nil
		}
		begun = true
		for n, column := range columns {
			cells[n] = column.name
		}
		return out.Write(cells)
	}
	write = func(i *identity.Identity) error {
		if err := begin(); err != nil {
			return err
		}
		for n, column := range columns {
			cells[n] = disarm(column.of(i))
		}
		return out.Write(cells)
	}
	return write, func() error {
		if err := begin(); err != nil {
			return err
		}
		out.Flush()
		return out.Error()
	}
}

// disarm keeps a spreadsheet from taking a cell for a formula: such a cell gets an apostrophe before it.
func disarm(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r'", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// rearm is the opposite of disarm.
func rearm(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune("=+-@\t\r'", rune(cell[1])) {
		return cell[1:]
	}
	return cell
}

// withoutAnswer turns an identity as the admin API answers it into what a create takes: what it would refuse is left
// out. Anything else stays as it is.
func withoutAnswer(line []byte) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil || members["id"] == nil || members["created_at"] == nil {
		return line
	}
	for _, name := range []string{"id", "schema_url", "created_at", "updated_at", "state_changed_at", "credentials"} {
		delete(members, name)
	}
	for _, name := range []string{"verifiable_addresses", "recovery_addresses"} {
		var addresses []map[string]json.RawMessage
		if json.Unmarshal(members[name], &addresses) != nil {
			continue
		}
		for _, a := range addresses {
			for _, member := range []string{"id", "created_at", "updated_at"} {
				delete(a, member)
			}
		}
		// It was decoded from JSON, so it encodes.
		members[name], _ = json.Marshal(addresses)
	}
	stripped, err := json.Marshal(members)
	if err != nil {
		return line
	}
	return stripped
}
