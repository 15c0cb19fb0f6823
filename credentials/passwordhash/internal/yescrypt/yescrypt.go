// Package yescrypt computes yescrypt 1.1, the successor of scrypt that crypt(3) uses for hashes that begin with $y$.
//
// It is written after the reference implementation, which is the specification of yescrypt (yescrypt-ref.c and
// yescrypt-common.c by Alexander Peslyak). It has the flavour that crypt(3) makes: read and write access to memory,
// S-boxes of 12 KiB, no shared ROM.
package yescrypt

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/bits"
)

// Params is the cost of one computation. See [Params.Valid] for the ranges.
type Params struct {
	LogN    int    // log2 of the number of blocks of memory
	R       uint32 // size of a block, in units of 128 bytes
	P       uint32 // number of parallel computations, which share the memory
	T       uint32 // additional passes over the memory
	prehash bool
}

// The constants of pwxform.
const (
	pwxRounds   = 6
	sboxEntries = 512 // 64-bit words in one of the three S-boxes
	sboxMask    = 255 * 16
	blockWords  = 16 // 32-bit words in a block of Salsa20
)

// Valid reports whether [Key] can compute with p: LogN is 1 to 40, R and P are at least 1, R·P is below 2^30, each of
// the P computations has at least two blocks of memory, and T is at most 2^20.
func (p Params) Valid() bool {
	return p.LogN >= 1 && p.LogN <= 40 && p.R >= 1 && p.P >= 1 && uint64(p.R)*uint64(p.P) < 1<<30 &&
		uint64(1)<<p.LogN/uint64(p.P) > 1 && p.T <= 1<<20
}

// MemoryBytes is how much memory [Key] allocates, in bytes.
func (p Params) MemoryBytes() uint64 {
	return 128*uint64(p.R)*(uint64(1)<<p.LogN+uint64(p.P)+2) + uint64(p.P)*3*sboxEntries*16
}

// Key computes the 32 bytes that crypt(3) encodes. The context is checked between blocks.
//
// Errors: the error of ctx; params that are not valid.
func Key(ctx context.Context, password, salt []byte, params Params) ([]byte, error) {
	if !params.Valid() {
		return nil, errors.New("yescrypt: the parameters are out of range")
	}
	n := uint64(1) << params.LogN
	if chunk := n / uint64(params.P); chunk >= 0x100 && chunk*uint64(params.R) >= 0x20000 {
		first := params
		first.LogN, first.T, first.prehash = params.LogN-6, 0, true
		key, err := derive(ctx, password, salt, first)
		if err != nil {
			return nil, err
		}
		password = key
	}
	return derive(ctx, password, salt, params)
}

func derive(ctx context.Context, password, salt []byte, params Params) ([]byte, error) {
	label := "yescrypt"
	if params.prehash {
		label = "yescrypt-prehash"
	}
	passwd := mac([]byte(label), password)
	b, err := pbkdf2.Key(sha256.New, string(passwd), salt, 1, 128*int(params.R)*int(params.P))
	if err != nil {
		return nil, err
	}
	passwd = append([]byte(nil), b[:32]...)
	m := newMixer(ctx, params, b)
	if passwd, err = m.mix(passwd); err != nil {
		return nil, err
	}
	key, err := pbkdf2.Key(sha256.New, string(passwd), m.bytes(b), 1, 32)
	if err != nil || params.prehash {
		return key, err
	}
	stored := sha256.Sum256(mac(key, []byte("Client Key")))
	return stored[:], nil
}

func mac(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

// mixer computes SMix over all p blocks.
type mixer struct {
	ctx    context.Context
	params Params
	words  int      // 32-bit words in a block of 128·r bytes
	b      []uint32 // p blocks
	v      []uint32 // N blocks of memory
	x      []uint32 // the block that is worked on
	y      []uint32 // scratch for blockMixSalsa
	boxes  []sboxes // of each of the p computations
}

// sboxes are the three S-boxes of pwxform, which change with every call, and the place where the next word goes.
type sboxes struct {
	s0, s1, s2 []uint64
	w          int
}

func newMixer(ctx context.Context, params Params, b []byte) *mixer {
	words := 32 * int(params.R)
	m := &mixer{
		ctx: ctx, params: params, words: words,
		b: make([]uint32, len(b)/4), v: make([]uint32, words<<params.LogN),
		x: make([]uint32, words), y: make([]uint32, words), boxes: make([]sboxes, params.P),
	}
	for n := range m.b {
		m.b[n] = binary.LittleEndian.Uint32(b[4*n:])
	}
	return m
}

// bytes writes the blocks over into, and returns it.
func (m *mixer) bytes(into []byte) []byte {
	for n, word := range m.b {
		binary.LittleEndian.PutUint32(into[4*n:], word)
	}
	return into
}

// mix is SMix. It returns the password that the last step uses.
func (m *mixer) mix(passwd []byte) ([]byte, error) {
	n, p := uint64(1)<<m.params.LogN, uint64(m.params.P)
	chunk := n / p
	all, rw := loops(chunk, p, uint64(m.params.T))
	chunk &^= 1
	for i := range p {
		start, size := i*chunk, chunk
		if i == p-1 {
			size = n - start
		}
		b := m.b[int(i)*m.words : int(i+1)*m.words]
		m.initBoxes(i, b)
		if i == 0 {
			last := make([]byte, 64)
			for k, word := range b[m.words-blockWords:] {
				binary.LittleEndian.PutUint32(last[4*k:], word)
			}
			passwd = mac(last, passwd)
		}
		v := m.v[int(start)*m.words : int(start+size)*m.words]
		if err := m.fill(b, v, size, &m.boxes[i]); err != nil {
			return nil, err
		}
		if err := m.revisit(b, v, powerOfTwo(size), rw, true, &m.boxes[i]); err != nil {
			return nil, err
		}
	}
	for i := range p {
		b := m.b[int(i)*m.words : int(i+1)*m.words]
		if err := m.revisit(b, m.v, n, all-rw, false, &m.boxes[i]); err != nil {
			return nil, err
		}
	}
	return passwd, nil
}

// loops returns how often the second loop runs over a chunk, and how many of these times it also writes. Both are even.
func loops(chunk, p, t uint64) (all, rw uint64) {
	switch t {
	case 0:
		all = (chunk + 2) / 3
	case 1:
		all = (2*chunk + 2) / 3
	default:
		all = chunk * (t - 1)
	}
	rw = all / p
	return (all + 1) &^ 1, (rw + 1) &^ 1
}

// initBoxes fills the S-boxes of one computation from its block, with the first loop of classic scrypt at r = 1.
func (m *mixer) initBoxes(i uint64, b []uint32) {
	const words, blocks = 32, 3 * sboxEntries * 2 / 32
	var x, y [words]uint32
	shuffle(x[:], b[:words])
	boxes := make([]uint64, 3*sboxEntries)
	for n := range blocks {
		for k := range words / 2 {
			boxes[n*words/2+k] = uint64(x[2*k]) | uint64(x[2*k+1])<<32
		}
		blockMixSalsa(&x, &y)
	}
	unshuffle(b[:words], x[:])
	m.boxes[i] = sboxes{s2: boxes[:sboxEntries], s1: boxes[sboxEntries : 2*sboxEntries], s0: boxes[2*sboxEntries:]}
}

// fill is the first loop, SMix1: it fills n blocks of memory, and mixes in earlier ones.
func (m *mixer) fill(b, v []uint32, n uint64, boxes *sboxes) error {
	x := m.x
	shuffle(x, b)
	for i := range n {
		if err := m.pause(i); err != nil {
			return err
		}
		copy(v[int(i)*m.words:], x)
		if i > 1 {
			p := powerOfTwo(i)
			j := m.integerify()&(p-1) + (i - p)
			xor(x, v[int(j)*m.words:])
		}
		m.blockMix(boxes)
	}
	unshuffle(b, x)
	return nil
}

// revisit is the second loop, SMix2: it mixes in blocks of memory in an order that depends on the data, and with write
// puts back what it made of them.
func (m *mixer) revisit(b, v []uint32, n, times uint64, write bool, boxes *sboxes) error {
	x := m.x
	shuffle(x, b)
	for i := range times {
		if err := m.pause(i); err != nil {
			return err
		}
		block := v[int(m.integerify()&(n-1))*m.words:]
		xor(x, block)
		if write {
			copy(block, x)
		}
		m.blockMix(boxes)
	}
	unshuffle(b, x)
	return nil
}

// pause looks at the context every 256 KiB or so.
func (m *mixer) pause(i uint64) error {
	if i%max(1, 1<<16/uint64(m.words)) != 0 {
		return nil
	}
	return m.ctx.Err()
}

// integerify reads the last 64 bytes of x as a number. The second word is at 13, because blocks are kept shuffled.
func (m *mixer) integerify() uint64 {
	last := m.x[m.words-blockWords:]
	return uint64(last[0]) | uint64(last[13])<<32
}

// blockMix is BlockMix with pwxform over x.
func (m *mixer) blockMix(boxes *sboxes) {
	x := m.x
	blocks := m.words / blockWords
	var acc [8]uint64
	load(&acc, x[(blocks-1)*blockWords:])
	for n := range blocks {
		block := x[n*blockWords : (n+1)*blockWords : (n+1)*blockWords]
		var in [8]uint64
		load(&in, block)
		for k := range acc {
			acc[k] ^= in[k]
		}
		boxes.pwxform(&acc)
		for k, word := range acc {
			block[2*k], block[2*k+1] = uint32(word), uint32(word>>32)
		}
	}
	salsa20((*[blockWords]uint32)(x[(blocks-1)*blockWords:]), 2)
}

func load(into *[8]uint64, block []uint32) {
	_ = block[15]
	for k := range into {
		into[k] = uint64(block[2*k]) | uint64(block[2*k+1])<<32
	}
}

// pwxform multiplies and looks up in the S-boxes, six times over, and stores four of the six results in one of them.
func (s *sboxes) pwxform(x *[8]uint64) {
	s0, s1, s2 := (*[sboxEntries]uint64)(s.s0), (*[sboxEntries]uint64)(s.s1), (*[sboxEntries]uint64)(s.s2)
	w := s.w
	for round := range pwxRounds {
		for j := 0; j < 8; j += 2 {
			p0, p1 := (x[j]&sboxMask)>>3, (x[j]>>32&sboxMask)>>3
			a := (x[j]>>32*(x[j]&0xffffffff) + s0[p0]) ^ s1[p1]
			b := (x[j+1]>>32*(x[j+1]&0xffffffff) + s0[p0+1]) ^ s1[p1+1]
			x[j], x[j+1] = a, b
			if round != 0 && round != pwxRounds-1 {
				s2[w], s2[w+1] = a, b
				w += 2
			}
		}
	}
	s.s0, s.s1, s.s2 = s.s2, s.s0, s.s1
	s.w = w & (sboxEntries - 1)
}

// blockMixSalsa is BlockMix of classic scrypt at r = 1.
func blockMixSalsa(x, y *[32]uint32) {
	acc := [blockWords]uint32(x[blockWords:])
	for n := range 2 {
		xor(acc[:], x[n*blockWords:(n+1)*blockWords])
		salsa20(&acc, 8)
		copy(y[n*blockWords:], acc[:])
	}
	*x = *y
}

// salsa20 applies the Salsa20 core to a shuffled block.
func salsa20(b *[blockWords]uint32, rounds int) {
	var x [blockWords]uint32
	unshuffle(x[:], b[:])
	for range rounds / 2 {
		quarter(&x, 0, 4, 8, 12)
		quarter(&x, 5, 9, 13, 1)
		quarter(&x, 10, 14, 2, 6)
		quarter(&x, 15, 3, 7, 11)
		quarter(&x, 0, 1, 2, 3)
		quarter(&x, 5, 6, 7, 4)
		quarter(&x, 10, 11, 8, 9)
		quarter(&x, 15, 12, 13, 14)
	}
	for i := range b {
		b[i] += x[i*5%blockWords]
	}
}

func quarter(x *[blockWords]uint32, a, b, c, d int) {
	x[b] ^= bits.RotateLeft32(x[a]+x[d], 7)
	x[c] ^= bits.RotateLeft32(x[b]+x[a], 9)
	x[d] ^= bits.RotateLeft32(x[c]+x[b], 13)
	x[a] ^= bits.RotateLeft32(x[d]+x[c], 18)
}

// shuffle puts the words of every block into the order that pwxform works in.
func shuffle(into, from []uint32) {
	for block := 0; block < len(into); block += blockWords {
		for i := range blockWords {
			into[block+i] = from[block+i*5%blockWords]
		}
	}
}

// unshuffle is the inverse of shuffle.
func unshuffle(into, from []uint32) {
	for block := 0; block < len(into); block += blockWords {
		for i := range blockWords {
			into[block+i*5%blockWords] = from[block+i]
		}
	}
}

func xor(into, from []uint32) {
	from = from[:len(into)]
	for n := range into {
		into[n] ^= from[n]
	}
}

// powerOfTwo returns the largest power of two that is not greater than n, which is not 0.
func powerOfTwo(n uint64) uint64 { return 1 << (bits.Len64(n) - 1) }
