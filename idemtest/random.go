package idemtest

import (
	"math/rand/v2"
	"sync"
)

// random gives the same numbers in every test.
type random struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func newRandom() *random { return &random{source: rand.NewChaCha8([32]byte{})} }

// Read implements io.Reader.
func (r *random) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(p)
}
