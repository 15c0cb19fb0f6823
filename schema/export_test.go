package schema

// Judge returns the separate results of the acceptor and of the engine for a decoded document.
func (s *Schema) Judge(document any) (accepted, valid bool) {
	if s.engine == nil { // refers to schemas that are not there
		return false, false
	}
	results, err := s.engine.judge(document)
	return s.engine.quick.accept(document), err == nil && len(results) == 0
}
