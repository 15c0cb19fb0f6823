package wire

import (
	"strings"

	"github.com/idemkit/idem/violation"
)

// maxRegionLength bounds the name of a region, in bytes.
const maxRegionLength = 32

const regionRule = "must be the name of a region: lower-case letters, digits and single dashes, at most 32"

// isRegion reports whether name can be the name of a region. Clients may send one. There is one region, so it is accepted
// and changes nothing.
func isRegion(name string) bool {
	for _, part := range strings.Split(name, "-") {
		if part == "" || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return len(name) <= maxRegionLength
}

// checkRegion checks the region of a body. A missing one, a null and an empty one are fine.
func checkRegion(name string) error {
	if name == "" || isRegion(name) {
		return nil
	}
	return violation.New("/region", "pattern", regionRule)
}
