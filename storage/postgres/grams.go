package postgres

import "slices"

// maxGrams bounds how many trigrams a search asks for. The rest is left to matching.
const maxGrams = 24

// gramsOf returns the trigrams of a text, sorted, each once: three code points that stand
// side by side, as a number that is the same for the same three. Two trigrams may have one
// number, so that a search finds too many, which matching sorts out. A line feed, which
// stands between texts, is in none.
//
// Numbers, in an array with an index of PostgreSQL's own, need no extension, which many
// services do not let an application create, and know no letter that they cannot hold.
func gramsOf(text string) []int32 {
	grams := []int32{}
	var a, b rune // the two before; -1 after a line feed
	a, b = -1, -1
	for _, c := range text {
		if c == '\n' {
			c = -1
		}
		if a >= 0 && b >= 0 && c >= 0 {
			grams = append(grams, int32(uint32(a)*0x9e3779b1^uint32(b)*0x85ebca77+uint32(c)*0xc2b2ae3d))
		}
		a, b = b, c
	}
	slices.Sort(grams)
	return slices.Compact(grams)
}

// gramsOfAll returns trigrams that a text must have which has all needles in it.
func gramsOfAll(needles []string) (all []int32) {
	for _, needle := range needles {
		all = append(all, gramsOf(needle)...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if most := len(all); most > maxGrams {
		for n := range maxGrams {
			all[n] = all[n*most/maxGrams]
		}
		all = all[:maxGrams]
	}
	return all
}
