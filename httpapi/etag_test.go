package httpapi_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// headers returns several headers of one name.
func headers(name string, values ...string) []string {
	var list []string
	for _, value := range values {
		list = append(list, name, value)
	}
	return list
}

// atRevisionTwo returns an identity that was changed once: its entity tag is "2".
func atRevisionTwo(t *testing.T, f *fixture) string {
	t.Helper()
	created := f.create(t, ada)
	require.Equal(t, revisionTag(created.ID, 1), created.etag)
	require.Equal(t, revisionTag(created.ID, 2), f.update(t, created.ID, `{"traits":{"email":"ada@example.org","age":35}}`).etag)
	return created.ID
}

func TestIfMatch(t *testing.T) {
	malformed := refusal{status: 400, id: "bad_request"}
	for _, c := range []struct {
		name    string
		values  []string
		refusal *refusal // nil for none
	}{
		{"the current revision", []string{`"2"`}, nil},
		{"the current tag", []string{`"2-018f0000-0000-7000-8000-000000000001"`}, nil},
		{"the tag of another identity", []string{`"2-018f0000-0000-7000-8000-0000000fffff"`}, &refusal{status: 412}},
		{"the current tag in a list", []string{`"1", "2" ,"x"`}, nil},
		{"the current tag in a list without blanks", []string{`"1","2"`}, nil},
		{"the current tag in a list with empty elements", []string{`, "1",, "2",`}, nil},
		{"the current tag in the second header", []string{`"1"`, `"2"`}, nil},
		{"the current tag after an empty header", []string{``, `"2"`}, nil},
		{"any", []string{`*`}, nil},
		{"any, with blanks", []string{` * `}, nil},
		{"the current tag after one with a comma in it", []string{`"a,b", "2"`}, nil},

		{"an older tag", []string{`"1"`}, &refusal{status: 412}},
		{"a later tag", []string{`"3"`}, &refusal{status: 412}},
		{"a weak tag", []string{`W/"2"`}, &refusal{status: 412}},
		{"a tag of someone else", []string{`"abc"`}, &refusal{status: 412}},
		{"another spelling of the number", []string{`"02"`, `"+2"`, `" 2"`, `"2.0"`}, &refusal{status: 412}},
		{"an empty tag", []string{`""`}, &refusal{status: 412}},
		{"a number too large", []string{`"99999999999999999999"`}, &refusal{status: 412}},
		{"a list without the current tag", []string{`"1", "3"`, `W/"2"`}, &refusal{status: 412}},

		{"no quotes", []string{`2`}, &malformed},
		{"one quote", []string{`"2`}, &malformed},
		{"single quotes", []string{`'2'`}, &malformed},
		{"a weak tag in small letters", []string{`w/"2"`}, &malformed},
		{"any in a list", []string{`*, "2"`}, &malformed},
		{"no comma", []string{`"1" "2"`}, &malformed},
		{"any twice", []string{`*`, `*`}, &malformed},
		{"nothing", []string{``}, &malformed},
		{"empty elements alone", []string{` , ,`}, &malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, f *fixture) {
				id := atRevisionTwo(t, f)
				match := headers("If-Match", c.values...)
				const change = `{"traits":{"email":"ada@example.org","age":36}}`
				if c.refusal != nil {
					f.requireRefused(t, *c.refusal, id, change, match...)
					requireRefusal(t, *c.refusal, f.get(t, id, match...))
					requireRefusal(t, *c.refusal, f.do(t, http.MethodDelete, identityPath(id), "", match...))
					require.Equal(t, revisionTag(id, 2), f.get(t, id).etag())
					return
				}
				require.Equal(t, http.StatusOK, f.get(t, id, match...).status)
				require.Equal(t, revisionTag(id, 3), f.put(t, id, change, match...).etag())
			})
		})
	}
}

func TestIfMatchOnDelete(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for _, match := range [][]string{nil, {"If-Match", `*`}, {"If-Match", `"1", "2"`}} {
			id := atRevisionTwo(t, f)
			require.Equal(t, http.StatusNoContent, f.do(t, http.MethodDelete, identityPath(id), "", match...).status)
			requireRefusal(t, refusal{status: 404}, f.get(t, id))
			requireRefusal(t, refusal{status: 404}, f.do(t, http.MethodDelete, identityPath(id), "", match...))
		}
	})
}

func TestIfMatchWithoutAnIdentity(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		for _, match := range []string{`"1"`, `*`} {
			requireRefusal(t, refusal{status: 404}, f.put(t, absentID, `{}`, "If-Match", match))
		}
		requireRefusal(t, invalid(""), f.put(t, absentID, `{`, "If-Match", `"1"`))
	})
}

func TestIfMatchOfAnUpdateThatChangesNothing(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := atRevisionTwo(t, f)
		same := string(f.get(t, id).body)
		require.Equal(t, revisionTag(id, 2), f.put(t, id, same, "If-Match", `"2"`).etag())
		f.requireRefused(t, refusal{status: 412}, id, same, "If-Match", `"1"`)
	})
}

func TestABadBodyIsToldBeforeAPrecondition(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := atRevisionTwo(t, f)
		f.requireRefused(t, invalid("/state"), id, `{"state":"asleep"}`, "If-Match", `"1"`)
		f.requireRefused(t, invalid("/traits/email"), id, `{"traits":{"email":"x"}}`, "If-Match", `"1"`)
	})
}

func TestIfNoneMatch(t *testing.T) {
	for _, c := range []struct {
		name    string
		values  []string
		matches bool
	}{
		{"the current revision", []string{`"2"`}, true},
		{"the current tag", []string{`"2-018f0000-0000-7000-8000-000000000001"`}, true},
		{"the current tag, weak", []string{`W/"2"`}, true},
		{"a list", []string{`"1", W/"2"`}, true},
		{"several headers", []string{`"1"`, `"2"`}, true},
		{"any", []string{`*`}, true},
		{"an older tag", []string{`"1"`}, false},
		{"a tag of someone else", []string{`"abc", W/"x"`}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBothStores(t, func(t *testing.T, f *fixture) {
				id := atRevisionTwo(t, f)
				noneMatch := headers("If-None-Match", c.values...)
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					r := f.do(t, method, identityPath(id), "", noneMatch...)
					require.Equal(t, revisionTag(id, 2), r.etag())
					if c.matches {
						require.Equal(t, http.StatusNotModified, r.status)
					} else {
						require.Equal(t, http.StatusOK, r.status)
					}
				}
				const change = `{"traits":{"email":"ada@example.org","age":36}}`
				if c.matches {
					f.requireRefused(t, refusal{status: 412}, id, change, noneMatch...)
					requireRefusal(t, refusal{status: 412}, f.do(t, http.MethodDelete, identityPath(id), "", noneMatch...))
				} else {
					require.Equal(t, http.StatusOK, f.put(t, id, change, noneMatch...).status)
				}
			})
		})
	}
	t.Run("malformed", func(t *testing.T) {
		onBothStores(t, func(t *testing.T, f *fixture) {
			id := atRevisionTwo(t, f)
			requireRefusal(t, refusal{status: 400, id: "bad_request"}, f.get(t, id, "If-None-Match", `2`))
			requireRefusal(t, refusal{status: 404}, f.get(t, absentID, "If-None-Match", `*`))
			requireRefusal(t, refusal{status: 412}, f.get(t, id, "If-None-Match", `"2"`, "If-Match", `"1"`))
		})
	})
}

func TestOneOfManyUpdatesAtTheSameRevisionWins(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := atRevisionTwo(t, f)
		const clients = 16
		answers := make([]response, clients)
		var group sync.WaitGroup
		for n := range clients {
			r := newRequest(t, http.MethodPut, identityPath(id), fmt.Sprintf(`{"traits":{"email":"ada@example.org","age":%d}}`, 100+n), "If-Match", `"2"`)
			group.Go(func() { answers[n] = f.serve(r) })
		}
		group.Wait()
		won := 0
		for _, r := range answers {
			if r.status == http.StatusOK {
				won++
				require.Equal(t, string(r.body), string(f.get(t, id).body))
				continue
			}
			requireRefusal(t, refusal{status: 412}, r)
		}
		require.Equal(t, 1, won)
		require.Equal(t, revisionTag(id, 3), f.get(t, id).etag())
	})
}

func TestReadersSeeTheOldIdentityOrTheNew(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		id := f.create(t, `{"external_id":"0","traits":{"email":"n0@example.org"},"metadata_public":"0"}`).ID
		var updates []*http.Request
		for n := range 30 {
			updates = append(updates, newRequest(t, http.MethodPut, identityPath(id),
				fmt.Sprintf(`{"external_id":"%[1]d","traits":{"email":"n%[1]d@example.org"},"metadata_public":"%[1]d"}`, n)))
		}
		done := make(chan struct{})
		var group sync.WaitGroup
		group.Go(func() {
			defer close(done)
			for n, r := range updates {
				if answer := f.serve(r); answer.status != http.StatusOK {
					t.Errorf("update %d failed: %s", n, answer.body)
				}
			}
		})
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			d := f.get(t, id).document(t)
			n := *d.ExternalID
			require.Equal(t, `"`+n+`"`, string(d.MetadataPublic))
			require.Equal(t, `{"email":"n`+n+`@example.org"}`, string(d.Traits))
			require.Equal(t, "n"+n+"@example.org", d.Verifiable[0].Value)
			require.Equal(t, "n"+n+"@example.org", d.Recovery[0].Value)
			require.Equal(t, []string{"n" + n + "@example.org"}, d.Credentials["code"].Identifiers)
		}
		group.Wait()
	})
}

// TestEntityTagOfAnExternalID has an external id pass to another identity, whose entity
// tag is the same.
func TestEntityTagOfAnExternalID(t *testing.T) {
	onBothStores(t, func(t *testing.T, f *fixture) {
		first := f.create(t, `{"schema_id":"free","external_id":"crm-1"}`)
		tag := f.get(t, first.ID).etag()
		require.Equal(t, http.StatusNoContent, f.do(t, http.MethodDelete, identityPath(first.ID), "").status)
		second := f.create(t, `{"schema_id":"free","external_id":"crm-1"}`)
		r := f.do(t, http.MethodGet, "/admin/identities/by/external/crm-1", "", "If-None-Match", tag)
		require.Equal(t, http.StatusOK, r.status)
		require.Equal(t, second.ID, r.document(t).ID)
		r = f.do(t, http.MethodGet, "/admin/identities/by/external/crm-1", "", "If-None-Match", r.etag())
		require.Equal(t, http.StatusNotModified, r.status)
		r = f.do(t, http.MethodGet, "/admin/identities/by/external/crm-1", "", "If-Match", tag)
		require.Equal(t, http.StatusPreconditionFailed, r.status)
	})
}
