package strictjson_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/strictjson"
)

func TestEqual(t *testing.T) {
	limits := strictjson.Limits{Depth: 10}
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{`1`, `1.0`, true}, {`100`, `1e2`, true}, {`0.10`, `1e-1`, true}, {`-0`, `0.0`, true}, {`0e5`, `0`, true}, {`-1`, `1`, false}, {`1`, `10`, false},
		{`9007199254740993`, `9007199254740992`, false}, {`1.5e1`, `15`, true}, {`1e400`, `1e400`, false}, {`0.1`, `0.01`, false},
		{`{"a":1,"b":[true,null]}`, ` { "b" : [ true , null ] , "a" : 1 } `, true}, {`{"a":1}`, `{"a":1,"b":1}`, false}, {`{"a":null}`, `{"b":null}`, false},
		{`"a"`, `"\u0061"`, true}, {`[1,2]`, `[2,1]`, false}, {`[]`, `{}`, false}, {`null`, `false`, false}, {`{"a":1,"a":1}`, `{"a":1}`, false}, {``, ``, false},
		{`{"a":"b"}`, `{"b":"a"}`, false}, {`{"ab":"c"}`, `{"a":"bc"}`, false}, {`["x","y"]`, `["x","z"]`, false}, {`["ab"]`, `["\u0061b"]`, true}, {`["a\"b",1]`, `["a\u0022b",1.0]`, true},
		{`[[[[[[[[[[[1]]]]]]]]]]]`, `[[[[[[[[[[[1]]]]]]]]]]]`, false},
	} {
		require.Equal(t, test.same, strictjson.Equal([]byte(test.a), []byte(test.b), limits), "%s and %s", test.a, test.b)
		require.Equal(t, test.same, strictjson.Equal([]byte(test.b), []byte(test.a), limits), "%s and %s", test.b, test.a)
	}
}
