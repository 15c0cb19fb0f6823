package schema

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/xeipuuv/gojsonschema"

	"github.com/idemkit/idem/violation"
)

// The engine tells, for anyOf and oneOf that fail, what is wrong by the branch that it takes for the closest, as if that
// were a fact. So it is given both keywords as a condition, whose errors it drops, with a marker for the other case; and
// what each branch needs is asked of the branch itself.

// alternatives gives the keywords anyOf and oneOf of n, under names, in the form that the engine takes.
func (c *cleaner) alternatives(n *node) (conditions []any) {
	for _, keyword := range []string{"anyOf", "oneOf"} {
		if branches := n.branches(keyword); branches != nil {
			conditions = append(conditions, map[string]any{"if": map[string]any{keyword: c.list(branches)}, "else": marker(keyword, n.index)})
		}
	}
	return conditions
}

func (n *node) branches(keyword string) []*node {
	if keyword == "anyOf" {
		return n.anyOf
	}
	return n.oneOf
}

// maxCount bounds the counts of a schema, such as minItems. Larger ones are marks.
const maxCount = 1 << 30

// marker is a schema that no value matches, and whose one error tells which keyword of which node it stands for: a value
// cannot have that many items, properties or characters, and one that has none of these is not a text.
func marker(keyword string, index int) any {
	mark := maxCount + 1 + 2*index
	if keyword == "oneOf" {
		mark++
	}
	count := json.Number(strconv.Itoa(mark))
	return map[string]any{
		"minItems": count, "minProperties": count, "minLength": count,
		"if":   map[string]any{"type": []any{"boolean", "null", "number"}},
		"then": map[string]any{"const": markPrefix + strconv.Itoa(mark)},
	}
}

const markPrefix = "idem/"

// marked tells which keyword of which node a result of the engine marks.
func (x *extraction) marked(result gojsonschema.ResultError) (keyword string, n *node, ok bool) {
	mark := 0
	switch result.Type() {
	case "array_min_items", "array_min_properties", "string_gte":
		mark, _ = result.Details()["min"].(int)
	case "const":
		text, _ := result.Details()["allowed"].(string)
		if text, ok = strings.CutPrefix(text, `"`+markPrefix); ok {
			mark, _ = strconv.Atoi(strings.TrimSuffix(text, `"`))
		}
	}
	if mark -= maxCount + 1; mark < 0 || mark/2 >= len(x.nodes) {
		return "", nil, false
	}
	keyword, n = "anyOf", x.nodes[mark/2]
	if mark%2 == 1 {
		keyword = "oneOf"
	}
	return keyword, n, n.branches(keyword) != nil
}

// maxExplained is how many levels of alternatives within alternatives are explained.
const maxExplained = 3

// explain tells what each branch of a keyword would have needed of value, which is at pointer. Where that is more work
// than the budget has left, or more than can be told, the branches are left out.
func (x *extraction) explain(keyword string, n *node, value any, pointer string) violation.Violation {
	v := violation.Violation{Pointer: pointer, Keyword: keyword, Message: "must match one of the alternatives of the schema"}
	if keyword == "oneOf" {
		v.Message = "must match exactly one of the alternatives of the schema"
	}
	if x.depth++; x.depth > maxExplained {
		x.depth--
		return v
	}
	defer func() { x.depth-- }()
	matched := 0
	var alternatives [][]violation.Violation
	for _, branch := range n.branches(keyword) {
		w := &effortWalk{left: x.left}
		w.walk(branch, value, len(pointer), 1)
		if x.left = w.left; w.spent() {
			return v
		}
		e := x.branches.engine(branch)
		if e == nil {
			return v
		}
		results, err := e.validate(value)
		if err != nil {
			return v
		}
		if len(results) == 0 {
			matched++
			continue
		}
		alternatives = append(alternatives, x.tell(results, value, pointer))
	}
	switch {
	case matched > 1:
		v.Message = fmt.Sprintf("%s, not %d of them", v.Message, matched)
	case matched == 0 && x.told <= violation.Max:
		v.Alternatives = alternatives
	}
	return v
}

// branchEngines are the compiled branches of a schema's alternatives, each compiled when it first has to be explained.
type branchEngines struct {
	mu      sync.Mutex
	engines map[*node]*engine
	left    int // subschemas that may still be compiled
}

// engine returns the engine of a branch, or nil if too much has been compiled already.
func (b *branchEngines) engine(branch *node) *engine {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, compiled := b.engines[branch]; compiled {
		return e
	}
	var e *engine
	if b.left -= reachable(branch, b.left); b.left >= 0 {
		e, _ = newEngine(branch) // which has been compiled before, as part of the whole
	}
	b.engines[branch] = e
	return e
}

// reachable counts the nodes from n on, and the steps of their regular expressions, up to a little more than most.
func reachable(n *node, most int) int {
	seen := map[*node]bool{n: true}
	pending := []*node{n}
	count := 0
	for len(pending) > 0 && count <= most {
		next := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		count += 1 + next.patternSize
		if next.anyOf != nil || next.oneOf != nil {
			count += 6 // the condition and the marker
		}
		for _, p := range next.patterns {
			count += p.size
		}
		visit := func(child *node) {
			if !seen[child] {
				seen[child] = true
				pending = append(pending, child)
			}
		}
		next.sameValue(visit)
		next.deeper(visit)
	}
	return count
}
