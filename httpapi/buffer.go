package httpapi

import (
	"bytes"
	"sync"
)

// buffers keeps buffers between requests. The zero value is ready for use, by many
// goroutines at once.
type buffers struct{ pool sync.Pool }

// maxKeptBuffer is how large, in bytes, a buffer may be to be kept: it has room for a page of the default size. Larger ones
// are rare, and would hold their memory for requests that need little.
const maxKeptBuffer = 1 << 20

// take returns an empty buffer.
func (b *buffers) take() *bytes.Buffer {
	if buffer, ok := b.pool.Get().(*bytes.Buffer); ok {
		return buffer
	}
	return new(bytes.Buffer)
}

// give takes a buffer back, or nil. Nothing may use its bytes any more; they are wiped,
// since a password may be among them.
func (b *buffers) give(buffer *bytes.Buffer) {
	if buffer == nil || buffer.Cap() > maxKeptBuffer {
		return
	}
	clear(buffer.Bytes())
	buffer.Reset()
	b.pool.Put(buffer)
}
