package linear

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
)

// stuckAt describes where the search for an order of a history that has none ended: the last
// operations of the longest order that was found, and those that none of its continuations
// can answer.
func stuckAt(history []porcupine.Operation) string {
	for _, part := range model.Partition(history) {
		result, info := porcupine.CheckOperationsVerbose(model, part, checkTimeout)
		if result != porcupine.Illegal {
			continue
		}
		var longest []int
		for _, order := range info.PartialLinearizations()[0] {
			if len(order) > len(longest) {
				longest = order
			}
		}
		var text strings.Builder
		state := model.Init()
		for n, at := range longest {
			o := part[at]
			_, state = model.Step(state, o.Input, o.Output)
			if n >= len(longest)-20 {
				fmt.Fprintln(&text, describe(o))
			}
		}
		fmt.Fprintf(&text, "is: %+v\nand then none of\n", state)
		var left []porcupine.Operation
		for at, o := range part {
			if !slices.Contains(longest, at) {
				left = append(left, o)
			}
		}
		slices.SortFunc(left, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
		for _, o := range left[:min(len(left), 20)] {
			fmt.Fprintln(&text, describe(o))
		}
		return text.String()
	}
	return "no part of it"
}

func describe(o porcupine.Operation) string {
	return fmt.Sprintf("%12d to %12d, caller %d: %+v: %+v", o.Call, o.Return, o.ClientId, o.Input, o.Output)
}
