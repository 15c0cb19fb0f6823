package browsertest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/memory"
)

// TestPicturesOfTheReadme makes the two pictures that the README shows. To renew them:
//
//	IDEM_SCREENSHOTS=../../../docs/images go test -run TestPicturesOfTheReadme .
func TestPicturesOfTheReadme(t *testing.T) {
	t.Parallel()
	person, err := schema.Parse("person", []byte(personSchema))
	require.NoError(t, err)
	schemas, err := schema.NewRegistry(person)
	require.NoError(t, err)
	// Everything happened some days ago, so that the pictures do not change with the time that the test takes.
	now := time.Now().Add(-9 * 24 * time.Hour)
	manager, err := idem.New(memory.New(), schemas, idem.WithClock(func() time.Time { now = now.Add(17 * time.Minute); return now }))
	require.NoError(t, err)
	ada := seed(t, manager, 18)
	_, err = manager.SetState(idem.ContextWithActor(t.Context(), "support:tim"), ada.ID, identity.StateInactive)
	require.NoError(t, err)
	_, err = manager.SetState(idem.ContextWithActor(t.Context(), "admin:grace"), ada.ID, identity.StateActive)
	require.NoError(t, err)

	s := newSite(t, manager, "root", nil)
	b := newTab(t, s)
	b.scheme("light")
	b.size(1200, 700)
	b.open(s.url)
	b.screenshotOf("console-people", 1200, 640)
	b.open(s.url + "people/" + ada.ID.String())
	b.screenshotOf("console-person", 1200, 820)
}
