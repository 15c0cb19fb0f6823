package schema

import (
	"encoding/json"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/idemkit/idem/internal/strictjson"
	"github.com/stretchr/testify/require"
)

// The JSON-Schema-Test-Suite for draft-07, which lies beside the repository where it is developed.
const suiteFolder = "../../shared/jsonschema-suite/draft7"

const (
	nestedBase  = "an $id below the root, which would change what references mean: refused with the pointer to use instead"
	remoteRef   = "a reference to a document that is not registered: nothing is fetched"
	contentOnly = "contentEncoding and contentMediaType are annotations, which draft-07 allows"
	hostLetters = "the format hostname looks at letters, digits and hyphens, not at what punycode decodes to"
	noFormat    = "the format is not known, accepts all and is warned of"
	goRegexp    = "a regular expression of Go (RE2), which may have flags and lacks lookbehind and back-references"
)

// suiteRefused lists the groups whose schema we refuse on purpose.
var suiteRefused = map[string]string{
	"definitions.json: validate definition against metaschema":                             remoteRef,
	"optional/cross-draft.json: refs to future drafts are processed as future drafts":      remoteRef,
	"ref.json: remote ref, containing refs itself":                                         remoteRef,
	"refRemote.json: remote ref":                                                           remoteRef,
	"refRemote.json: fragment within remote ref":                                           remoteRef,
	"refRemote.json: ref within remote ref":                                                remoteRef,
	"refRemote.json: root ref in remote ref":                                               remoteRef,
	"refRemote.json: remote ref with ref to definitions":                                   remoteRef,
	"refRemote.json: Location-independent identifier in remote ref":                        remoteRef,
	"refRemote.json: retrieved nested refs resolve relative to their URI not $id":          remoteRef,
	"refRemote.json: $ref to $ref finds location-independent $id":                          remoteRef,
	"optional/id.json: id inside an enum is not a real identifier":                         nestedBase,
	"optional/unknownKeyword.json: $id inside an unknown keyword is not a real identifier": nestedBase,
	"ref.json: $ref prevents a sibling $id from changing the base uri":                     nestedBase,
	"ref.json: Recursive references between schemas":                                       nestedBase,
	"ref.json: Location-independent identifier":                                            nestedBase,
	"ref.json: Reference an anchor with a non-relative URI":                                nestedBase,
	"ref.json: Location-independent identifier with base URI change in subschema":          nestedBase,
	"ref.json: refs with relative uris and defs":                                           nestedBase,
	"ref.json: relative refs with absolute uris and defs":                                  nestedBase,
	"ref.json: $id must be resolved against nearest parent, not just immediate parent":     nestedBase,
	"ref.json: URN base URI with URN and anchor ref":                                       nestedBase,
	"ref.json: ref to if":                                          nestedBase,
	"ref.json: ref to then":                                        nestedBase,
	"ref.json: ref to else":                                        nestedBase,
	"ref.json: ref with absolute-path-reference":                   nestedBase,
	"refRemote.json: base URI change":                              nestedBase,
	"refRemote.json: base URI change - change folder":              nestedBase,
	"refRemote.json: base URI change - change folder in subschema": nestedBase,
}

// suiteDiffers lists the groups of optional behaviour in which some verdicts are ours.
var suiteDiffers = map[string]string{
	"optional/content.json: validation of string-encoded content based on media type":                        contentOnly,
	"optional/content.json: validation of binary string-encoding":                                            contentOnly,
	"optional/content.json: validation of binary-encoded media type documents":                               contentOnly,
	"optional/format/hostname.json: validation of A-label (punycode) host names":                             hostLetters,
	"optional/format/idn-hostname.json: validation of internationalized host names":                          noFormat,
	"optional/format/idn-hostname.json: validation of separators in internationalized host names":            noFormat,
	"optional/format/ecmascript-regex.json: \\a is not an ECMA 262 control escape":                           goRegexp,
	"optional/format/ecmascript-regex.json: Python-specific regular expression syntax is not valid ECMA 262": goRegexp,
	"optional/format/ecmascript-regex.json: global inline flag groups are not valid ECMA 262":                goRegexp,
	"optional/format/ecmascript-regex.json: ECMA 262 named groups and backreferences are valid":              goRegexp,
	"optional/format/ecmascript-regex.json: ECMA 262 lookbehind is valid, including variable width":          goRegexp,
}

type suiteGroup struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

func TestSuite(t *testing.T) {
	if _, err := os.Stat(suiteFolder); err != nil {
		t.Skip("not run: the JSON-Schema-Test-Suite is not at " + suiteFolder)
	}
	files := os.DirFS(suiteFolder)
	passed, total := make(map[string]int), make(map[string]int)
	require.NoError(t, fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		var groups []suiteGroup
		if err := json.Unmarshal(content, &groups); err != nil {
			return err
		}
		part := "required"
		if strings.HasPrefix(name, "optional/") {
			part = "optional"
		}
		if strings.HasPrefix(name, "optional/format/") {
			part = "format"
		}
		for _, group := range groups {
			passed[part] += runSuiteGroup(t, name+": "+group.Description, group)
			total[part] += len(group.Tests)
		}
		return nil
	}))
	for _, part := range []string{"required", "optional", "format"} {
		t.Logf("%s: %d of %d verdicts, the others refused or listed", part, passed[part], total[part])
	}
}

// runSuiteGroup returns the number of tests whose verdict is the suite's.
func runSuiteGroup(t *testing.T, name string, group suiteGroup) (passed int) {
	src, err := read("suite", group.Schema)
	var s *Schema
	if err == nil {
		s, err = compileAny(src, newLibrary())
	}
	if reason, listed := suiteRefused[name]; listed != (err != nil) {
		t.Errorf("%s: listed as refused: %v (%s); error: %v", name, listed, reason, err)
	}
	if err != nil {
		return 0
	}
	for _, test := range group.Tests {
		value, err := strictjson.Decode(test.Data, strictjson.Limits{})
		require.NoError(t, err, name)
		if s.engine.holds(value) == test.Valid {
			passed++
		} else if suiteDiffers[name] == "" {
			t.Errorf("%s: %s: expected %v for %s", name, test.Description, test.Valid, test.Data)
		}
	}
	if suiteDiffers[name] != "" && passed == len(group.Tests) {
		t.Errorf("%s: listed as different, but is not", name)
	}
	return passed
}
