package browsertest

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/servicetest"
)

// axe returns the source of axe-core.
func axe(t testing.TB) string {
	t.Helper()
	source, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		if os.Getenv(servicetest.VariableRequire) != "" {
			require.NoError(t, err, `run "npm ci" in this folder`)
		}
		t.Skip(`axe-core is not there: run "npm ci" in console/internal/browsertest`)
	}
	return string(source)
}

// accessible checks the page by the rules of WCAG 2.2 A and AA, and by the best practices that axe-core knows.
func (b *tab) accessible(what string) {
	b.t.Helper()
	b.run(evaluateVoid(axe(b.t)))
	found := eval[[]string](b, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then((result) => result.violations.flatMap((violation) => violation.nodes.map((node) => violation.id + ": " + node.target + ": " + node.failureSummary)))`)
	require.Empty(b.t, found, "%s\n%s", what, strings.Join(found, "\n"))
	require.LessOrEqual(b.t, eval[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"), 0, "%s is wider than the window", what)
}
