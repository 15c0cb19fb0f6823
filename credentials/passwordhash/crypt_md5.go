package passwordhash

import (
	"bytes"
	"context"
	"crypto/md5"
	"strings"
)

const maxMD5CryptSalt = 8

// md5CryptHash is the MD5-based crypt(3) of FreeBSD, or Apache's variant of it with another magic text. The formats of
// crypt(3) are written out here, a page in all, rather than taken from a library: the existing libraries bring
// formats and encoders that we have no use for, and no bounds.
type md5CryptHash struct {
	magic        string
	salt, digest []byte
}

func parseMD5Crypt(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 2)
	if err != nil {
		return nil, err
	}
	if len(fields[0]) > maxMD5CryptSalt {
		return nil, faultf("its salt is longer than %d bytes", maxMD5CryptSalt)
	}
	digest, err := decodeCrypt64(fields[1], md5.Size)
	if err != nil {
		return nil, err
	}
	magic := "$1$"
	if strings.HasPrefix(encoded, "$apr1$") {
		magic = "$apr1$"
	}
	return &md5CryptHash{magic: magic, salt: []byte(fields[0]), digest: digest}, nil
}

func (h *md5CryptHash) cost(passwordBytes int) Cost {
	return costOf(1000*digestMD5.cost(cryptRoundBytes(md5.Size, len(h.salt), passwordBytes)), 0)
}

// cryptRoundBytes is how many bytes crypt(3) hashes in one round of its MD5 and SHA formats, on average.
func cryptRoundBytes(digest, salt, password int) float64 {
	return float64(digest) + float64(salt)*2/3 + float64(password)*(1+6.0/7)
}

func (h *md5CryptHash) compare(ctx context.Context, password []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	digest := h.stretch(password, h.start(password))
	return match(permute(digest, []int{12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11}), h.digest)
}

// start makes the digest that is stretched.
func (h *md5CryptHash) start(password []byte) []byte {
	other := digestMD5.sum(password, h.salt, password)
	m := md5.New()
	m.Write(password)
	m.Write([]byte(h.magic))
	m.Write(h.salt)
	m.Write(repeatTo(other, len(password)))
	for bits := len(password); bits > 0; bits >>= 1 {
		if bits&1 != 0 {
			m.Write([]byte{0})
		} else {
			m.Write(password[:1])
		}
	}
	return m.Sum(nil)
}

// stretch runs the thousand rounds.
func (h *md5CryptHash) stretch(password, digest []byte) []byte {
	m := md5.New()
	for round := range 1000 {
		m.Reset()
		writeRound(m, round, password, h.salt, digest)
		digest = m.Sum(digest[:0])
	}
	return digest
}

// writeRound writes what crypt(3) hashes in one round of its MD5 and SHA formats.
func writeRound(w interface{ Write([]byte) (int, error) }, round int, password, salt, digest []byte) {
	first, last := digest, password
	if round%2 != 0 {
		first, last = password, digest
	}
	w.Write(first)
	if round%3 != 0 {
		w.Write(salt)
	}
	if round%7 != 0 {
		w.Write(password)
	}
	w.Write(last)
}

// repeatTo returns block repeated and cut to length bytes.
func repeatTo(block []byte, length int) []byte {
	return bytes.Repeat(block, length/len(block)+1)[:length]
}
