package strictjson

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/violation"
)

// FuzzDecode holds the scanner against the reader of tokens: it accepts no more, accepts everything that is
// accepted, and builds the same. What is accepted, the standard library reads alike.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-0.0,2.5e3,true,false,null,"x\u00e9\n\ud83d\ude00é"],"b":{}}`, `{"a":1,"a":2}`, ` [ ] `, `"\ud800"`, "\"\xff\"",
		`1e400`, `01`, `-`, `[1,]`, `{"a"}`, `{} x`, ``, `[[[[]]]]`, `"\x"`, `1e-999`, `-0e4000`, `{"":{"":""}}`, "\"\x01\"", `nul`, `tru`, `{"a":1 "b":2}`, "\ufeff1"} {
		f.Add([]byte(seed))
	}
	limits := Limits{Depth: 4, Values: 50, Pointer: 40}
	f.Fuzz(func(t *testing.T, value []byte) {
		fast, ok := scan(string(value), limits)
		slow, err := decode(value, limits)
		if ok != (err == nil) {
			t.Fatalf("scanner accepts: %v, reader says: %v", ok, err)
		}
		checked := Check(value, limits.Depth)
		if err != nil {
			return
		}
		require.NoError(t, checked)
		require.Equal(t, slow, fast)
		decoder := json.NewDecoder(strings.NewReader(string(value)))
		decoder.UseNumber()
		var standard any
		require.NoError(t, decoder.Decode(&standard))
		if !strings.Contains(string(value), "-0") {
			require.Equal(t, standard, fast)
		}
	})
}

// FuzzCheck holds the quick way of Check to the slow one.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		`null`, ` {"a":[1,{"b":"]"}]} `, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `[[[]]]`, `["\\",[["\""]]]`, `"\ud800"`,
		"\"\xff\"", `1 2`, ``, `[`, `]`, `[1,]`, `01`, "\ufeff{}", `{"":{"":{}},"x":{"":0}}`,
	} {
		f.Add([]byte(seed), 2)
	}
	f.Fuzz(func(t *testing.T, value []byte, depth int) {
		quick, slow := Check(value, depth), check(value, depth)
		require.Equal(t, slow, quick)
	})
}

// FuzzReader holds Reader to Check: what one accepts the other does, to the byte.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		` {"a" : [1, -0.5e+7,true ,false,null,"x\u00e9"], "":{} , "b":[ ] } `, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a"}`, `[1,]`, `[1 2]`, `{,}`,
		`tru`, `truefalse`, `nul`, `01`, `-`, `1.`, `1e`, `"\ud800"`, "\"\xff\"", "\"\n\"", ``, `[`, `{"a":1`, `"a`, `1e99999`,
		`{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"q":0,"r":0,"q":0}`,
		`{"a": {"b":	1, "c":
[2 ,3]}}`, strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200), strings.Repeat(`{"a":`, 201) + "1" + strings.Repeat("}", 201),
		strings.Repeat("[", 200) + strings.Repeat("]", 200), strings.Repeat("[", 201) + strings.Repeat("]", 201),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reader := NewReader([]byte(text))
		raw := reader.Raw()
		valid := Check([]byte(text), maxReaderDepth) == nil
		repeats := !valid && !Deeper([]byte(text), maxReaderDepth) && jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true))
		require.Equal(t, valid || repeats, reader.Done())
		if reader.Done() {
			require.Equal(t, strings.Trim(text, " \t\r\n"), string(raw))
		}
	})
}

// FuzzMembers reads an object member by member. A name that repeats, however it is spelt, is a fault.
func FuzzMembers(f *testing.F) {
	letters := ""
	for c := 'a'; c <= 'z'; c++ {
		letters += fmt.Sprintf(`"%c":0, "%c%c" :[{"x":1,"x":2}],`, c, c, c)
	}
	for _, seed := range []string{
		`{"a":1,"\u0061":2}`, `{"\u0061":1,"a":2}`, `{"":1,"":2}`, `{"aa":1,"aba":2,"a":{"b":1,"b":2}}`, `{"a" : 1 , "b"
	: 2 }`, `{}`, ` { } x`,
		`{` + letters + `"zz":0}`, `{` + letters + `"bb":0}`, `{` + letters + `"c":0}`, `{` + letters + `"A":0}`, `{"a":1 "b":2}`, `{"a":1,}`, `{"é":1,"é":2}`,
		`{"a":` + strings.Repeat("[", 199) + strings.Repeat("]", 199) + `}`, `{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reader := NewReader([]byte(text))
		var names []string
		for m := reader.Object(); m.Next(); {
			names = append(names, m.Name)
			reader.Skip()
		}
		valid := !Deeper([]byte(text), maxReaderDepth) && jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true)) &&
			jsontext.Value(text).Kind() == '{'
		members := map[string]bool{}
		if valid {
			decoder := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowDuplicateNames(true))
			_, err := decoder.ReadToken()
			require.NoError(t, err)
			for decoder.PeekKind() != '}' {
				name, err := decoder.ReadToken()
				require.NoError(t, err)
				valid = valid && !members[name.String()]
				members[name.String()] = true
				require.NoError(t, decoder.SkipValue())
			}
		}
		require.Equal(t, valid, reader.Done())
		if valid {
			require.Len(t, names, len(members))
		}
	})
}

// TestEightDigits tries every byte at every place.
func TestEightDigits(t *testing.T) {
	for c := range 256 {
		for at := range 8 {
			text := []byte("90817263")
			text[at] = byte(c)
			want, err := strconv.ParseInt(string(text), 10, 64)
			isDigits := err == nil && c != '+' && c != '-'
			got, ok := eightDigits(wordAt(string(text), 0))
			require.Equal(t, isDigits, ok, "%q", text)
			if ok {
				require.Equal(t, want, got)
			}
		}
	}
}

// TestPlainEnd tries every byte at every place of a text of three words.
func TestPlainEnd(t *testing.T) {
	for c := range 256 {
		for at := range 24 {
			text := []byte(strings.Repeat("~ !#[]az", 3))
			text[at] = byte(c)
			want := len(text)
			if c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
				want = at
			}
			require.Equal(t, want, plainEnd(string(text), 0), "%q", text)
			require.Equal(t, min(want, 21), plainEnd(string(text[:21]), 0), "%q", text[:21])
			for next := at + 1; want == at && next < len(text); next++ { // the first counts
				text[next] = byte(255 - c)
				require.Equal(t, at, plainEnd(string(text), 0), "%q", text)
			}
		}
	}
}

func TestIntegers(t *testing.T) {
	for literal, want := range map[string]int64{
		"0": 0, "-0": 0, "7": 7, "-7": -7, "999999999999999999": 999999999999999999, "-999999999999999999": -999999999999999999,
		"1000000000000000000": 1000000000000000000, "9223372036854775807": 1<<63 - 1, "-9223372036854775808": -1 << 63,
	} {
		r := NewReader([]byte(literal))
		require.Equal(t, want, r.Int(), literal)
		require.True(t, r.Done(), literal)
	}
	for _, literal := range []string{
		"", "-", "01", "-01", "00", "1.0", "1e3", "1E3", "1.", "9223372036854775808", "99999999999999999999", "999999999999999999999999", "12345678901234567890123456", "999999999999999999.5", "1x", "+1", " -",
	} {
		r := NewReader([]byte(literal))
		r.Int()
		require.False(t, r.Done(), literal)
	}
}

func TestReader(t *testing.T) {
	read := func(text string) (got []any, done bool) {
		r := NewReader([]byte(text))
		for m := r.Object(); m.Next(); {
			switch m.Name {
			case "string":
				got = append(got, r.String())
			case "int":
				got = append(got, r.Int())
			case "bool":
				got = append(got, r.Bool())
			case "list":
				for e := r.Array(); e.Next(); {
					got = append(got, r.Int())
				}
			case "refused":
				r.Fail()
			default:
				got = append(got, m.Name, string(r.Raw()))
			}
		}
		return got, r.Done()
	}
	got, done := read(`{"string":"\"\u00e9", "int":-9007199254740993, "bool":true, "list":[1, 2], "other": {"a" : [1e400]}}`)
	require.True(t, done)
	require.Equal(t, []any{"\"é", int64(-9007199254740993), true, int64(1), int64(2), "other", `{"a" : [1e400]}`}, got)

	for _, text := range []string{
		`{"string":1}`, `{"string":null}`, `{"int":"1"}`, `{"int":1.0}`, `{"int":9223372036854775808}`, `{"int":null}`, `{"bool":1}`, `{"bool":null}`,
		`{"list":{}}`, `{"list":["1"]}`, `{"refused":1}`, `{"int":1,"int":1}`, `[]`, `null`, `{} {}`, `{"bool":true`, `{"bool":t`,
	} {
		_, done := read(text)
		require.False(t, done, text)
	}
}

func TestRefuses(t *testing.T) {
	for _, test := range []struct{ name, value, pointer, reason string }{
		{"empty", ``, "", "there is no value"},
		{"white space", " \n", "", "there is no value"},
		{"cut off", `{"a":[1,`, "/a", "the value ends too early"},
		{"two values", `{} {}`, "", "there is something after the value"},
		{"trailing text", `{} x`, "", "there is something after the value"},
		{"name twice", `{"a":{"secret":1,"secret":2}}`, "/a/secret", "the name is given twice in one object"},
		{"name twice, once escaped", `{"a":1,"\u0061":2}`, "/a", "the name is given twice in one object"},
		{"bad text", `{"a":"x\qsecret"}`, "/a", "not valid JSON, at byte 7"},
		{"invalid UTF-8", "[\"\xff\"]", "/0", "not valid UTF-8"},
		{"lone surrogate", `["\ud800"]`, "/0", "not valid JSON, at byte 2"},
		{"too deep", `{"a":[[[]]]}`, "/a/0/0", "nested deeper than 3 levels"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Decode([]byte(test.value), Limits{Depth: 3})
			require.Equal(t, violation.New(test.pointer, "json", test.reason), err)
			require.Equal(t, err, Check([]byte(test.value), 3))
			require.NotContains(t, err.Error()[len(test.pointer):], "secret")
		})
	}
}

func TestLimits(t *testing.T) {
	_, err := Decode([]byte(`[[1,2],{"a":3}]`), Limits{Values: 5})
	require.EqualError(t, err, "more than 5 values")
	_, err = Decode([]byte(`[[1,2],{"a":3}]`), Limits{Values: 6})
	require.NoError(t, err)
	_, err = Decode([]byte(`{"abc":{"def":1}}`), Limits{Pointer: 7})
	require.EqualError(t, err, "names that make a JSON pointer of more than 7 bytes")
	_, err = Decode([]byte(`{"abc":{"def":1}}`), Limits{Pointer: 8})
	require.NoError(t, err)
	require.NoError(t, Check([]byte(`[[]]`), 2))
	require.Error(t, Check([]byte(`[[]]`), 1))
	require.NoError(t, Check([]byte(`1e400`), 0), "numbers are not evaluated here")
}

func TestNumbers(t *testing.T) {
	for _, literal := range []string{"0", "-1", "1.5", "1e400", "0e400", "1e308", "5e-324", strings.Repeat("1", 128)} {
		reason := CheckNumber(literal)
		require.Equal(t, literal == "1e400", reason != "", literal)
	}
	for literal, reason := range map[string]string{
		"1e9999999":              "a number with an exponent beyond 400",
		"1e-401":                 "a number with an exponent beyond 400",
		"1e99999999999999999999": "a number with an exponent beyond 400",
		"1e309":                  "a number that is too large",
		"1e-400":                 "a number that is too close to zero",
		strings.Repeat("1", 129): "a number of more than 128 digits",
	} {
		require.Equal(t, reason, CheckNumber(literal))
	}
	value, err := Decode([]byte(`[-0,-0.0e5,1.50]`), Limits{})
	require.NoError(t, err)
	require.Equal(t, []any{json.Number("0"), json.Number("0"), json.Number("1.50")}, value)
}

func TestStrings(t *testing.T) {
	value := []byte(`{"a\"":"x", "b":["\\","\"",{"c":"\\\""}, 1], "d":""}`)
	got := map[string]string{}
	require.NoError(t, Strings(value, func(pointer string, start, end int) { got[pointer] = string(value[start:end]) }))
	require.Equal(t, map[string]string{`/a"`: `"x"`, "/b/0": `"\\"`, "/b/1": `"\""`, "/b/2/c": `"\\\""`, "/d": `""`}, got)
	require.NoError(t, Strings([]byte(`"top"`), func(pointer string, start, end int) { require.Equal(t, [3]any{"", 0, 5}, [3]any{pointer, start, end}) }))
	require.Equal(t, `x"+1"`, string(AppendString([]byte("x"), "+1")))
	require.Equal(t, "\"\ufffd\"", string(AppendString(nil, "\xff")))
}
