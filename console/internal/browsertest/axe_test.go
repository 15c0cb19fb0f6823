package browsertest

import (
	"fmt"
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

// Rules of axe-core: those of WCAG 2.2 A and AA and the best practices, and those of them that look at colours.
const (
	allRules    = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	colourRules = `{type: "rule", values: ["color-contrast", "link-in-text-block"]}`
)

// accessible checks the page by rules of axe-core, and that it is not wider than the window.
func (b *tab) accessible(what, rules string) {
	b.t.Helper()
	if !eval[bool](b, "typeof axe === 'object'") {
		b.run(evaluateVoid(axe(b.t)))
	}
	found := eval[[]string](b, fmt.Sprintf(`axe.run(document, {runOnly: %s, resultTypes: ["violations"]})
		.then((result) => result.violations.flatMap((violation) => violation.nodes.map((node) => violation.id + ": " + node.target + ": " + node.failureSummary)))`, rules))
	require.Empty(b.t, found, "%s\n%s", what, strings.Join(found, "\n"))
	require.LessOrEqual(b.t, eval[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"), 0, "%s is wider than the window", what)
}
