package schema

// Judge returns the separate results of the acceptor and of the engine for a decoded document.
func (s *Schema) Judge(document any) (accepted, valid bool) {
	if s.engine == nil { // refers to schemas that are not there
		return false, false
	}
	results, err := s.engine.judge(document)
	return s.engine.quick.accept(document), err == nil && len(results) == 0
}

// Efforts returns the bound on the efforts of a decoded document and of its traits, and what they come to.
func (s *Schema) Efforts(document any, traits string) (most, counted int) {
	if s.engine == nil {
		return 0, 0
	}
	w := &effortWalk{left: budgetOf(1 << 20)}
	before := w.left[efforts]
	w.walk(s.root, document, 0, 1)
	return s.cost.bound([]byte(traits))[efforts], before - w.left[efforts]
}
