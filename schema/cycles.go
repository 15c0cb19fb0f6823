package schema

// checkCycles refuses schemas that come back to themselves without looking at a deeper value: validation
// would never end, and overflow the stack, which nothing can recover from.
func checkCycles(nodes []*node) error {
	const (
		unseen = iota
		open   // on the path
		done
	)
	state := make(map[*node]int, len(nodes))
	var found *node
	var visit func(n *node)
	visit = func(n *node) {
		if found != nil {
			return
		}
		switch state[n] {
		case open:
			found = n
		case unseen:
			state[n] = open
			n.sameValue(visit)
			state[n] = done
		}
	}
	for _, n := range nodes {
		visit(n)
		if found != nil {
			return refuse(found.source.id, found.pointer, "$ref", "refers to itself for the same value, which would never end: put a property or items in between")
		}
	}
	return nil
}

// bottomUp orders nodes so that each comes after those that look at the same value for it, and numbers them
// in that order. checkCycles must have passed them.
func bottomUp(nodes []*node) []*node {
	seen := make(map[*node]bool, len(nodes))
	order := make([]*node, 0, len(nodes))
	var visit func(n *node)
	visit = func(n *node) {
		if seen[n] {
			return
		}
		seen[n] = true
		n.sameValue(visit)
		n.index = len(order)
		order = append(order, n)
	}
	for _, n := range nodes {
		visit(n)
	}
	return order
}
