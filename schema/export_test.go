package schema

// Judge gives what the acceptor and the engine say of a decoded document, each by itself.
func (s *Schema) Judge(document any) (accepted, valid bool) {
	if s.engine == nil { // refers to schemas that are not there
		return false, false
	}
	results, err := s.engine.judge(document)
	return s.engine.quick.accept(document), err == nil && len(results) == 0
}
