// Package linear checks whether a store of idem is linearizable: many goroutines create, read,
// find, update, patch and delete a few identities that contend for identifiers and external
// ids, and write, take and prune records, some of which belong to these identities. Then there
// must be an order of all these operations, each at a moment between its call and its answer,
// in which every answer, every refusal included, is the one that a single thread would have
// got.
package linear

import (
	"hash/fnv"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"github.com/idemkit/idem/storage"
)

// emails is how many addresses the identities of a group share, and so how many of
// them there can be at once. Groups share nothing with each other, so that each has
// a history of its own.
const emails = 3

// call is an operation on a group.
type call struct {
	Group int
	Kind  callKind
	// ID is the identity; for a create the one it is to have, if that can be chosen.
	ID uuid.UUID
	// Email and External number the group's addresses and external ids. External 0 is
	// none.
	Email, External int
	// Token is what a create, an update or a patch writes.
	Token string
	// IfRevision is a precondition, unless it is 0.
	IfRevision int64

	// Record numbers the group's records.
	Record int
	// Now is what the clock shows when the call is made, and Expires when the record that a
	// mark writes expires: microseconds since 1970.
	Now, Expires int64
}

type callKind string

const (
	callCreate         callKind = "create"
	callGet            callKind = "get"
	callFindIdentifier callKind = "find by identifier"
	callFindExternal   callKind = "find by external id"
	callUpdate         callKind = "update"
	callPatch          callKind = "patch"
	callDelete         callKind = "delete"

	callMark  callKind = "mark a record" // adds Token to it, and gives it to ID
	callTake  callKind = "take a record" // deletes it; refused if it is not there
	callLook  callKind = "look at a record"
	callPrune callKind = "prune a record" // which deletes it if it has expired
)

// row is an identity as the model has it.
type row struct {
	ID              uuid.UUID
	Revision        int64
	Email, External int
	// Trail stands for the tokens since the last update.
	Trail uint64
}

// answer is what a call came to: a refusal, or the identity it returned.
type answer struct {
	Refusal string
	row     row
	// seen is the record as a change of it was given it.
	seen record
	// latest is what the clock showed when the answer was there.
	latest int64
}

// The refusals. Those of a conflict are the kinds of claims.
const (
	refusalNotFound = "not found"
	refusalRevision = "revision"
	refusalNone     = "none" // there is no record to take
)

// group is the state of the model: the identities of a group, by email, and its records.
type group struct {
	rows    [emails]row
	records [records]record
}

// model is what one thread at a time would see.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byGroup := map[int][]porcupine.Operation{}
		for _, o := range history {
			n := o.Input.(call).Group
			byGroup[n] = append(byGroup[n], o)
		}
		var parts [][]porcupine.Operation
		for _, part := range byGroup {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return group{} },
	Step: func(state, input, output any) (bool, any) {
		c, got := input.(call), output.(answer)
		if c.Kind.isOfRecord() {
			fits, next := state.(group).stepRecord(c, got)
			return fits, next
		}
		next, want := state.(group).step(c, got)
		return want == got, next
	},
}

// step returns the state after a call and what the call must have answered. got only
// says which id a create was given, where the create did not choose.
func (g group) step(c call, got answer) (group, answer) {
	if c.Kind == callCreate {
		return g.create(c, got)
	}
	at := g.find(c)
	if at < 0 {
		return g, answer{Refusal: refusalNotFound}
	}
	current := g.rows[at]
	if c.IfRevision != 0 && c.IfRevision != current.Revision {
		return g, answer{Refusal: refusalRevision}
	}
	next := current
	next.Revision++
	switch c.Kind {
	case callPatch:
		next.Trail = chain(current.Trail, c.Token)
	case callUpdate:
		next.Email, next.External, next.Trail = c.Email, c.External, chain(0, c.Token)
		if refusal := g.conflict(next); refusal != "" {
			return g, answer{Refusal: refusal}
		}
	case callDelete:
		g.rows[at] = row{}
		for n, r := range g.records {
			if r.Owner == current.ID {
				g.records[n] = record{}
			}
		}
		return g, answer{}
	default:
		return g, answer{row: current}
	}
	g.rows[at] = row{}
	g.rows[next.Email] = next
	return g, answer{row: next}
}

func (g group) create(c call, got answer) (group, answer) {
	created := row{ID: c.ID, Revision: 1, Email: c.Email, External: c.External, Trail: chain(0, c.Token)}
	if created.ID == uuid.Nil {
		created.ID = got.row.ID
	}
	if refusal := g.conflict(created); refusal != "" {
		return g, answer{Refusal: refusal}
	}
	for _, r := range g.rows {
		if r.ID == created.ID {
			return g, answer{Refusal: string(storage.ClaimKindID)}
		}
	}
	g.rows[c.Email] = created
	return g, answer{row: created}
}

// conflict returns the kind of the first claim of r that another identity has.
func (g group) conflict(r row) string {
	if holder := g.rows[r.Email]; holder.Revision > 0 && holder.ID != r.ID {
		return string(storage.ClaimKindIdentifier)
	}
	for _, holder := range g.rows {
		if r.External > 0 && holder.External == r.External && holder.ID != r.ID {
			return string(storage.ClaimKindExternalID)
		}
	}
	return ""
}

// find returns where the identity is that a call is about, or -1.
func (g group) find(c call) int {
	for at, r := range g.rows {
		if r.Revision == 0 {
			continue
		}
		switch {
		case c.Kind == callFindIdentifier && r.Email == c.Email,
			c.Kind == callFindExternal && r.External == c.External,
			c.Kind != callFindIdentifier && c.Kind != callFindExternal && r.ID == c.ID:
			return at
		}
	}
	return -1
}

func chain(trail uint64, token string) uint64 {
	h := fnv.New64a()
	var before [8]byte
	for n := range before {
		before[n] = byte(trail >> (8 * n))
	}
	_, _ = h.Write(before[:])
	_, _ = h.Write([]byte(token))
	return h.Sum64()
}
