package idem

// WithClashClaims lowers how many claims a check of a schema remembers at once.
func WithClashClaims(n int) Option {
	return Option{func(c *config) error {
		c.clashClaims = n
		return nil
	}}
}
