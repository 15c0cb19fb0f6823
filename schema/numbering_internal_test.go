package schema

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"
)

// What a numbering plan accepts, the library accepts too and writes in the same way. The numbers lead to every state of every plan, and
// through a few of them to the nearest one that is accepted.
func TestNumberingAcceptsWhatTheLibraryDoes(t *testing.T) {
	known, accepted := 0, 0
	for code := range phonenumbers.GetSupportedCallingCodes() {
		for _, number := range numbersOf(code) {
			e164, ok := judgePhone(number)
			asWritten := ok && e164 == number
			if isE164(number) {
				require.True(t, asWritten, "%s is accepted, and the library makes %q of it", number, e164)
				accepted++
			}
			if asWritten {
				known++
			}
		}
	}
	require.Greater(t, known, 20_000)
	require.Greater(t, accepted, known*9/10, "the library had to be asked about too many of %d numbers", known)
}

// numbersOf returns numbers of a calling code that lead to each state of its plan: the shortest one, and the shortest one
// from there to a number of the region.
func numbersOf(code int) (numbers []string) {
	plan, ok := newNumbering(code)
	if !ok {
		return nil
	}
	add := func(national string) { numbers = append(numbers, "+"+strconv.Itoa(code)+national) }
	for _, r := range plan.regions {
		for _, way := range ways(r.types) {
			add(way)
			if end, ok := r.complete(way); ok {
				add(end)
			}
			if plan.prefix != nil {
				for _, prefix := range ways(plan.prefix) {
					if len(prefix) < 3 {
						add(prefix + way)
					}
				}
			}
		}
	}
	return numbers
}

// ways returns a shortest text for each state of a.
func ways(a *automaton) []string {
	found, pending := map[uint16]string{firstState: ""}, []uint16{firstState}
	for ; len(pending) > 0; pending = pending[1:] {
		for digit, to := range a.next[pending[0]] {
			if _, ok := found[to]; !ok {
				found[to] = found[pending[0]] + strconv.Itoa(digit)
				pending = append(pending, to)
			}
		}
	}
	all := make([]string, 0, len(found))
	for _, way := range found {
		all = append(all, way)
	}
	slices.Sort(all)
	return all
}

// complete returns a shortest number of r that begins with way.
func (r *numberRegion) complete(way string) (string, bool) {
	seen := map[uint16]bool{}
	for pending := []string{way}; len(pending) > 0; pending = pending[1:] {
		text := pending[0]
		if len(text) > maxNationalDigits {
			return "", false
		}
		if r.knows(text) {
			return text, true
		}
		state := uint16(firstState)
		for i := range len(text) {
			state = r.types.next[state][text[i]-'0']
		}
		for digit, to := range r.types.next[state] {
			if to != deadState && !seen[to] {
				seen[to] = true
				pending = append(pending, text+strconv.Itoa(digit))
			}
		}
	}
	return "", false
}

// The numbers that people have need no question to the library, in nearly every region.
func TestNumberingKnowsExamples(t *testing.T) {
	var unknown []string
	count := 0
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE} {
			number := phonenumbers.GetExampleNumberForType(region, kind)
			if number == nil || !phonenumbers.IsValidNumber(number) {
				continue
			}
			count++
			if text := phonenumbers.Format(number, phonenumbers.E164); !isE164(text) {
				unknown = append(unknown, fmt.Sprintf("%s %s", region, text))
			}
		}
	}
	slices.Sort(unknown)
	require.Less(t, len(unknown), count/20, "%d: %v", count, unknown)
	require.Zero(t, testing.AllocsPerRun(100, func() { normalize("+16502530000") }), "the library was asked about a number that needs no question")
}

// The table of the library may come to hold what it does not hold today.
func TestNumberingOfOddMetadata(t *testing.T) {
	desc := func(expression string, lengths ...int32) *phonenumbers.PhoneNumberDesc {
		return &phonenumbers.PhoneNumberDesc{NationalNumberPattern: &expression, PossibleLength: lengths}
	}
	none := desc("", -1)
	about := &phonenumbers.PhoneMetadata{GeneralDesc: desc(`\d+`, 5, 7), PremiumRate: none, TollFree: none, SharedCost: none, Voip: none,
		PersonalNumber: none, Pager: none, Uan: none, Voicemail: none, FixedLine: desc(`2\d+`, 7), Mobile: desc(`3\d+`)}
	r, ok := newNumberRegion(about)
	require.True(t, ok)
	for number, known := range map[string]bool{"2345678": true, "23456": false, "34567": true, "3456789": true, "345678": false, "4567890": false} {
		require.Equal(t, known, r.knows(number), number)
	}
	text := func(s string) *string { return &s }
	for _, test := range []struct {
		prefix, rule string
		ok           bool
	}{
		{"0", "", true}, {"0?", "", true}, {"0?(?:(11)15)?", "9$1", true}, {"0?(1?)", "9$1", false}, {"0?", "9", false}, {"0?|(1)$|", "9$1", false}, {"(", "", false},
	} {
		_, ok := newPrefix(&phonenumbers.PhoneMetadata{NationalPrefixForParsing: text(test.prefix), NationalPrefixTransformRule: text(test.rule)})
		require.Equal(t, test.ok, ok, "%v", test)
	}

	same := true
	about.SameMobileAndFixedLinePattern = &same
	r, ok = newNumberRegion(about)
	require.True(t, ok)
	require.True(t, r.knows("2345678"))
	require.False(t, r.knows("34567"), "the library does not look at the expression for mobile numbers")

	about.LeadingDigits = text("1?")
	_, ok = newNumberRegion(about)
	require.False(t, ok, "digits that lead to every number")
	about.Pager, about.LeadingDigits = nil, nil
	_, ok = newNumberRegion(about)
	require.False(t, ok, "a type that is not described")
}

func TestAutomaton(t *testing.T) {
	a, err := newAutomaton(`1(?:2|34)\d{2,3}`, `[1-3]+`, `\d{4}$`, ``)
	require.NoError(t, err)
	for text, want := range map[string]uint16{"": 8, "1": 2, "1222": 1 | 2 | 4, "12222": 1 | 2, "1345": 4, "13456": 1, "0": 0, "1345678": 0} {
		require.Equal(t, want, a.match(text), "%q", text)
	}
	prefix, err := newAutomaton(`0?|00[1-3]`, `9(?:8)$`)
	require.NoError(t, err)
	for text, want := range map[string]bool{"0171": true, "98": true, "987": false, "171": false, "": false} {
		require.Equal(t, want, prefix.begins(text), "%q", text)
	}
	_, err = newAutomaton(`(`)
	require.Error(t, err)
	_, err = newAutomaton(`^1`)
	require.ErrorIs(t, err, errAnchor)
	_, err = newAutomaton(`\d*1\d{16}`)
	require.ErrorIs(t, err, errTooManyStates)
}

// FuzzNumbering compares numbers near to those of a plan with the library, and the rule for phone numbers with the rule
// that asks nothing but the library.
func FuzzNumbering(f *testing.F) {
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE, phonenumbers.TOLL_FREE} {
			if number := phonenumbers.GetExampleNumberForType(region, kind); number != nil {
				f.Add(phonenumbers.Format(number, phonenumbers.E164), uint64(0))
			}
		}
	}
	f.Fuzz(func(t *testing.T, s string, digits uint64) {
		for _, text := range []string{s, "+" + s, "+" + strconv.FormatUint(digits, 10), s + strconv.FormatUint(digits%1000, 10), s[:len(s)/2] + strconv.FormatUint(digits, 10)} {
			if number, ok := judgePhone(text); isE164(text) && (!ok || number != text) {
				t.Fatalf("%q is accepted, and the library makes %q of it", text, number)
			}
			number, ok := phone(text)
			if want, valid := phoneByLibrary(text); number != want || ok != valid {
				t.Fatalf("%q becomes %q, %t instead of %q, %t", text, number, ok, want, valid)
			}
		}
	})
}

// phoneByLibrary is phone without numbering plans.
func phoneByLibrary(s string) (string, bool) {
	text, ok := plusDigits(s)
	for range maxPasses {
		number, valid := judgePhone(text)
		if !ok || !valid {
			return "", false
		}
		if number == text {
			return number, true
		}
		text = number
	}
	return "", false
}
