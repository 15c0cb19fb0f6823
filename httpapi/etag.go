package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
)

// entityTag returns the strong entity tag (RFC 9110, section 8.8.3) of an identity. It consists
// of the revision and the id. The id is included because a path may name an identity by its
// external id, and an external id can pass to another identity with the same revision.
func entityTag(i *identity.Identity) string {
	return `"` + strconv.FormatInt(i.Revision, 10) + "-" + i.ID.String() + `"`
}

// conditions are the If-Match and If-None-Match of a request (RFC 9110, section 13.1). An
// entity tag names a revision of one identity. A tag that names no revision matches nothing.
type conditions struct {
	match, noneMatch condition
}

type condition struct {
	given bool
	any   bool // "*"
	// strong are the revisions of strong tags, all those of weak ones too.
	strong, all []int64
}

// readConditions reads the conditions of a request whose path contains the identity id. It also
// accepts a revision alone as an entity tag, for people who write a tag by hand.
func readConditions(r *http.Request, id uuid.UUID) (conditions, error) {
	return readConditionsOf(r, func(opaque string) (int64, bool) {
		if revision, ok := parseRevision(opaque); ok {
			return revision, true
		}
		return parseTag(opaque, id)
	})
}

// readConditionsFound reads the conditions of a request whose path names the identity id by
// another name. It accepts only whole entity tags.
func readConditionsFound(r *http.Request, id uuid.UUID) (conditions, error) {
	return readConditionsOf(r, func(opaque string) (int64, bool) { return parseTag(opaque, id) })
}

// checkNoTag refuses a request to create something that holds only for certain entity tags (RFC 9110, section 13.1.1):
// what is to be created has none. "*" holds, since the list that is added to exists.
func checkNoTag(r *http.Request) error {
	conditions, err := readConditionsFound(r, uuid.Nil)
	if err != nil {
		return err
	}
	if conditions.match.given && !conditions.match.any {
		p := kinds[idem.KindPrecondition]
		p.message = "What is to be created has no entity tag that If-Match could name."
		return &p
	}
	return nil
}

func readConditionsOf(r *http.Request, parse func(opaque string) (int64, bool)) (conditions, error) {
	match, err := readCondition(r, "If-Match", parse)
	if err != nil {
		return conditions{}, err
	}
	noneMatch, err := readCondition(r, "If-None-Match", parse)
	return conditions{match, noneMatch}, err
}

func readCondition(r *http.Request, name string, parse func(opaque string) (int64, bool)) (condition, error) {
	values := r.Header.Values(name)
	if len(values) == 0 {
		return condition{}, nil
	}
	rest := strings.TrimSpace(strings.Join(values, ","))
	if rest == "*" {
		return condition{given: true, any: true}, nil
	}
	// Elements of a list may be empty, and recipients skip those (RFC 9110, section
	// 5.6.1.2), but one must not be.
	rest = strings.TrimLeft(rest, ", \t")
	if rest == "" {
		return condition{}, badHeader(name, `must be "*" or a list of entity tags in double quotes`)
	}
	c := condition{given: true}
	for rest != "" {
		tag, weak := strings.CutPrefix(rest, "W/")
		opaque, after, closed := strings.Cut(strings.TrimPrefix(tag, `"`), `"`)
		if !strings.HasPrefix(tag, `"`) || !closed {
			return condition{}, badHeader(name, `must be "*" or a list of entity tags in double quotes`)
		}
		if revision, ok := parse(opaque); ok {
			c.add(revision, weak)
		}
		rest = strings.TrimLeft(after, " \t")
		if rest != "" && rest[0] != ',' {
			return condition{}, badHeader(name, "must separate entity tags by commas")
		}
		rest = strings.TrimLeft(rest, ", \t")
	}
	return c, nil
}

// parseRevision reads a revision in the one spelling that it is written in.
func parseRevision(opaque string) (revision int64, ok bool) {
	revision, err := strconv.ParseInt(opaque, 10, 64)
	return revision, err == nil && strconv.FormatInt(revision, 10) == opaque
}

func parseTag(opaque string, id uuid.UUID) (revision int64, ok bool) {
	number, ok := strings.CutSuffix(opaque, "-"+id.String())
	if !ok {
		return 0, false
	}
	return parseRevision(number)
}

func (c *condition) add(revision int64, weak bool) {
	c.all = append(c.all, revision)
	if !weak {
		c.strong = append(c.strong, revision)
	}
}

func badHeader(name, reason string) *problem {
	return &problem{
		status: http.StatusBadRequest, id: "bad_request", message: "A header of the request is not valid.",
		reason: name + " " + reason + ".",
	}
}

// preconditions returns the preconditions of a change. If-Match compares strongly, and
// If-None-Match compares weakly.
func (c conditions) preconditions() []idem.Precondition {
	var preconditions []idem.Precondition
	if c.match.given && !c.match.any {
		preconditions = append(preconditions, idem.IfRevision(c.match.strong...))
	}
	if c.noneMatch.given && c.noneMatch.any {
		preconditions = append(preconditions, idem.IfRevision())
	} else if c.noneMatch.given {
		preconditions = append(preconditions, idem.IfNotRevision(c.noneMatch.all...))
	}
	return preconditions
}

// check applies the conditions to a read. It returns an error if the read must not be answered,
// and notModified if the client already has the current revision.
func (c conditions) check(i *identity.Identity) (notModified bool, err error) {
	if c.match.given && !c.match.any && !slices.Contains(c.match.strong, i.Revision) {
		p := kinds[idem.KindPrecondition]
		return false, &p
	}
	return c.noneMatch.given && (c.noneMatch.any || slices.Contains(c.noneMatch.all, i.Revision)), nil
}
