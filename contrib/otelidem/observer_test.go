package otelidem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/contrib/otelidem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/memory"
)

// span is what the Manager's call of an operation leaves.
func span(operation string, attributes ...attribute.KeyValue) string {
	return operation + " (internal) " + render(append(attributes, attribute.String("idem.operation.name", operation))...)
}

func errorType(kind string) attribute.KeyValue { return attribute.String("error.type", kind) }

func of(n int64) attribute.KeyValue { return attribute.String("idem.identity.id", id(n).String()) }

const pass = "landscape-Pa55"

func TestSpans(t *testing.T) {
	collector := collect(t)
	store := memory.New()
	errVeto := idem.Veto("not on a Monday, ada@example.com")
	manager := collector.newManager(t, store, idem.WithBeforeCommit(func(_ context.Context, c idem.PendingChange) error {
		if c.After != nil && c.After.ExternalID == "vetoed" {
			return errVeto
		}
		return nil
	}))
	candidate, err := schema.Parse("person", []byte(person))
	require.NoError(t, err)
	withPassword := &credentials.Import{Password: &credentials.ImportPassword{Password: pass}}

	// Each case goes on with what the one before has left.
	for _, c := range []struct {
		name string
		call func(ctx context.Context) error
		kind idem.Kind // of the error, where there is one
		span string
	}{
		{name: "create", span: span("create identity", of(1)), call: func(ctx context.Context) error {
			_, err := manager.CreateIdentity(ctx, identity.Create{Traits: traits("ada@example.com"), ExternalID: "crm/1", Credentials: withPassword})
			return err
		}},
		{name: "create what is taken", span: span("create identity", errorType("conflict")), kind: idem.KindConflict, call: func(ctx context.Context) error {
			_, err := manager.CreateIdentity(ctx, identity.Create{Traits: traits("ada@example.com")})
			return err
		}},
		{name: "create what is wrong", span: span("create identity", errorType("invalid")), kind: idem.KindInvalid, call: func(ctx context.Context) error {
			_, err := manager.CreateIdentity(ctx, identity.Create{Traits: traits("ada")})
			return err
		}},
		{name: "update", span: span("update identity", of(1)), call: func(ctx context.Context) error {
			_, err := manager.UpdateIdentity(ctx, id(1), identity.Update{Traits: traits("ada@example.com"), ExternalID: "crm/2"})
			return err
		}},
		{name: "update too late", span: span("update identity", of(1), errorType("precondition failed")), kind: idem.KindPrecondition, call: func(ctx context.Context) error {
			_, err := manager.UpdateIdentity(ctx, id(1), identity.Update{Traits: traits("ada@example.com")}, idem.IfRevision(1))
			return err
		}},
		{name: "update that is vetoed", span: span("update identity", of(1), errorType("vetoed")), kind: idem.KindVetoed, call: func(ctx context.Context) error {
			_, err := manager.UpdateIdentity(ctx, id(1), identity.Update{Traits: traits("ada@example.com"), ExternalID: "vetoed"})
			return err
		}},
		{name: "patch", span: span("patch identity", of(1)), call: func(ctx context.Context) error {
			_, err := manager.PatchIdentity(ctx, id(1), idem.MergePatch([]byte(`{"external_id":"crm/3"}`)))
			return err
		}},
		{name: "get", span: span("get identity", of(1)), call: func(ctx context.Context) error { _, err := manager.GetIdentity(ctx, id(1)); return err }},
		{name: "get what is not there", span: span("get identity", of(7), errorType("not found")), kind: idem.KindNotFound, call: func(ctx context.Context) error {
			_, err := manager.GetIdentity(ctx, id(7))
			return err
		}},
		{name: "find by external id", span: span("find identity by external id", of(1)), call: func(ctx context.Context) error {
			_, err := manager.FindByExternalID(ctx, "crm/3")
			return err
		}},
		{name: "find by identifier", span: span("find identity by identifier", of(1)), call: func(ctx context.Context) error {
			_, err := manager.FindByIdentifier(ctx, credentials.TypePassword, "ADA@example.com")
			return err
		}},
		{name: "verify", span: span("verify password", of(1)), call: func(ctx context.Context) error {
			_, err := manager.VerifyPassword(ctx, "ada@example.com", pass)
			return err
		}},
		{name: "verify what is wrong", span: span("verify password", errorType("denied")), kind: idem.KindDenied, call: func(ctx context.Context) error {
			_, err := manager.VerifyPassword(ctx, "ada@example.com", "wrong")
			return err
		}},
		{name: "list", span: span("list identities"), call: func(ctx context.Context) error {
			_, err := manager.ListIdentities(ctx, idem.Query{})
			return err
		}},
		{name: "count", span: span("count identities"), call: func(ctx context.Context) error {
			_, err := manager.CountIdentities(ctx, idem.Query{})
			return err
		}},
		{name: "import", span: span("create identities"), call: func(ctx context.Context) error {
			_, err := manager.CreateIdentities(ctx, []identity.Create{{Traits: traits("grace@example.com")}, {Traits: traits("ada@example.com")}, {}})
			return err
		}},
		{name: "iterate", span: span("list identities"), call: func(ctx context.Context) error {
			count := 0
			for _, err := range manager.Identities(ctx, idem.Query{}) {
				if err != nil {
					return err
				}
				count++
			}
			require.Equal(t, 2, count)
			return nil
		}},
		{name: "iterate and leave", span: span("list identities"), call: func(ctx context.Context) error {
			for _, err := range manager.Identities(ctx, idem.Query{}) {
				return err
			}
			return errors.New("there was none")
		}},
		{name: "iterate from a bad token", span: span("list identities", errorType("invalid")), kind: idem.KindInvalid, call: func(ctx context.Context) error {
			for _, err := range manager.Identities(ctx, idem.Query{PageToken: "ada@example.com"}) {
				return err
			}
			return nil
		}},
		{name: "check a schema", span: "check schema > " + span("list identities") + "\n" + span("check schema"), call: func(ctx context.Context) error {
			for _, err := range manager.CheckSchema(ctx, "person", candidate) {
				return err
			}
			return nil
		}},
		{name: "read the feed", span: span("read changes") + "\n" + span("read changes"), call: func(ctx context.Context) error {
			for _, err := range manager.Changes(ctx, storage.ChangeQuery{}) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{name: "read the feed from nowhere", span: span("read changes", errorType("gone")), kind: idem.KindGone, call: func(ctx context.Context) error {
			for _, err := range manager.Changes(ctx, storage.ChangeQuery{After: 1000}) {
				return err
			}
			return nil
		}},
		{name: "list changes", span: span("list changes", of(1)), call: func(ctx context.Context) error {
			_, err := manager.ListChanges(ctx, storage.ChangeQuery{IdentityID: id(1)})
			return err
		}},
		{name: "newest change", span: span("read last change"), call: func(ctx context.Context) error { _, err := manager.LastChange(ctx); return err }},
		{name: "prune", span: span("prune changes"), call: func(ctx context.Context) error {
			_, err := manager.PruneChanges(ctx, storage.Retention{Newest: 1})
			return err
		}},
		{name: "delete a credential that must stay", span: span("delete credential", of(1), errorType("invalid")), kind: idem.KindInvalid, call: func(ctx context.Context) error {
			return manager.DeleteCredential(ctx, id(1), credentials.TypePassword, "")
		}},
		{name: "delete", span: span("delete identity", of(1)), call: func(ctx context.Context) error { return manager.DeleteIdentity(ctx, id(1)) }},
		{name: "a fault", span: span("get identity", of(1), errorType("unavailable")) + " Error: unavailable", kind: idem.KindUnavailable, call: func(ctx context.Context) error {
			require.NoError(t, store.Close())
			_, err := manager.GetIdentity(ctx, id(1))
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.call(t.Context())
			spans := collector.spans(t)
			require.Equal(t, strings.Split(c.span, "\n"), spans)
			if c.kind == idem.KindInternal {
				require.NoError(t, err)
				return
			}
			var e *idem.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.kind, e.Kind)
			if e.Op != "list identities" { // the page that Identities was refused
				require.True(t, strings.HasPrefix(spans[0], e.Op+" ("), "the span is named as the error is")
			}
		})
	}
}

func TestMeasurements(t *testing.T) {
	collector := collect(t)
	manager := collector.newManager(t, memory.New())
	for n := range 4 {
		_, _ = manager.CreateIdentity(t.Context(), identity.Create{Traits: traits(fmt.Sprintf("person%d@example.com", n/2))})
	}
	for range manager.Identities(t.Context(), idem.Query{}) {
	}
	require.Equal(t, map[string]uint64{
		"idem.operation.duration {idem.operation.name=create identity}":                     2,
		"idem.operation.duration {error.type=conflict,idem.operation.name=create identity}": 2,
		"idem.operation.duration {idem.operation.name=list identities}":                     1,
	}, collector.measurements(t))
}

// TestWatchHasNoSpan also checks that the reads within have none.
func TestWatchHasNoSpan(t *testing.T) {
	collector := collect(t)
	manager := collector.newManager(t, memory.New())
	_, err := manager.CreateIdentity(t.Context(), identity.Create{Traits: traits("ada@example.com")})
	require.NoError(t, err)
	collector.spans(t)
	for c, err := range manager.Watch(t.Context(), storage.ChangeQuery{}) {
		require.NoError(t, err)
		require.Equal(t, int64(1), c.Sequence)
		break
	}
	require.Empty(t, collector.spans(t))
}

// TestHTTP has the span of a request, which the application's own instrumentation makes,
// named by authorize and around those of the store.
func TestHTTP(t *testing.T) {
	collector := collect(t)
	manager := collector.newManager(t, memory.New())
	_, err := manager.CreateIdentity(t.Context(), identity.Create{Traits: traits("ada@example.com")})
	require.NoError(t, err)
	collector.spans(t)

	handler := httpapi.New(manager, func(r *http.Request) error {
		trace.SpanFromContext(r.Context()).SetName(httpapi.Operation(r))
		return nil
	})
	instrumented := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := collector.tracers.Tracer("application").Start(r.Context(), r.Method, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		handler.ServeHTTP(w, r.WithContext(ctx))
	})
	answer := httptest.NewRecorder()
	instrumented.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/admin/identities/"+id(1).String(), nil))
	require.Equal(t, http.StatusOK, answer.Code)
	require.Equal(t, []string{
		"getIdentity > " + span("get identity", of(1)),
		"getIdentity (server) {}",
	}, collector.spans(t))
}

// TestNothingPersonal goes through everything with values that are easy to find again.
func TestNothingPersonal(t *testing.T) {
	const mark = "needle"
	collector := collect(t)
	manager := collector.newManager(t, memory.New(), idem.WithBeforeCommit(func(_ context.Context, c idem.PendingChange) error {
		if c.After != nil && c.After.MetadataAdmin != nil {
			return errors.New(mark)
		}
		return nil
	}))
	ctx := idem.ContextWithActor(t.Context(), mark)
	email := traits(mark + "@example.com")
	metadata := json.RawMessage(`"` + mark + `"`)
	withPassword := &credentials.Import{Password: &credentials.ImportPassword{Password: mark + "-needle"}}
	created, err := manager.CreateIdentity(ctx, identity.Create{Traits: email, ExternalID: mark, MetadataPublic: metadata, Credentials: withPassword})
	require.NoError(t, err)
	attempt := func(err error) { require.Error(t, err) }
	_, err = manager.CreateIdentity(ctx, identity.Create{Traits: email, ExternalID: mark})
	attempt(err)
	_, err = manager.UpdateIdentity(ctx, created.ID, identity.Update{Traits: json.RawMessage(`{"email":"needle"}`), SchemaID: mark})
	attempt(err)
	_, err = manager.UpdateIdentity(ctx, created.ID, identity.Update{Traits: email, MetadataAdmin: metadata})
	attempt(err)
	_, err = manager.PatchIdentity(ctx, created.ID, idem.JSONPatch([]byte(`[{"op":"test","path":"/traits/email","value":"needle"}]`)))
	attempt(err)
	_, err = manager.VerifyPassword(ctx, mark+"@example.com", mark)
	attempt(err)
	_, err = manager.VerifyPassword(ctx, mark+"@example.com", mark+"-needle")
	require.NoError(t, err)
	_, err = manager.FindByExternalID(ctx, mark)
	require.NoError(t, err)
	_, err = manager.FindByIdentifier(ctx, mark, mark)
	attempt(err)
	_, err = manager.ListIdentities(ctx, idem.Query{PageToken: mark})
	attempt(err)
	_, err = manager.ListIdentities(ctx, idem.Query{Identifier: mark + "@example.com"})
	require.NoError(t, err)
	attempt(manager.DeleteCredential(ctx, created.ID, mark, mark))
	_, err = manager.ListChanges(ctx, storage.ChangeQuery{})
	require.NoError(t, err)

	spans := collector.spans(t)
	require.Len(t, spans, 13)
	require.NotContains(t, strings.ToLower(strings.Join(spans, "\n")), mark)
	measurements := fmt.Sprint(collector.measurements(t))
	require.NotContains(t, strings.ToLower(measurements), mark)
	require.NotContains(t, measurements, created.ID.String())
}

// TestPanic ends the span of a call that does not return.
func TestPanic(t *testing.T) {
	collector := collect(t)
	manager := collector.newManager(t, memory.New(), idem.WithBeforeCommit(func(context.Context, idem.PendingChange) error { panic("out of order") }))
	require.Panics(t, func() { _, _ = manager.CreateIdentity(t.Context(), identity.Create{Traits: traits("ada@example.com")}) })
	require.Equal(t, []string{span("create identity", errorType("panic")) + " Error: panic"}, collector.spans(t))
	require.Equal(t, map[string]uint64{
		"idem.operation.duration {error.type=panic,idem.operation.name=create identity}": 1,
	}, collector.measurements(t))
}

func TestOptionsThatCannotBe(t *testing.T) {
	for text, option := range map[string]otelidem.Option{
		"the zero Option":     {},
		"WithTracerProvider:": otelidem.WithTracerProvider(nil),
		"WithMeterProvider:":  otelidem.WithMeterProvider(nil),
	} {
		_, err := otelidem.Observer(option)
		require.ErrorContains(t, err, text)
	}
}
