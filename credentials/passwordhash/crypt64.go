package passwordhash

import "strings"

const crypt64Alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// decodeCrypt64 decodes the base64 of crypt(3), where the first character holds the
// lowest six bits, into exactly size bytes. Bits that are left over must be zero.
func decodeCrypt64(text string, size int) ([]byte, error) {
	if length := (size*8 + 5) / 6; len(text) != length {
		return nil, faultf("its digest is not %d characters", length)
	}
	decoded := make([]byte, 0, size)
	bits, have := 0, 0
	for n := range len(text) {
		value := strings.IndexByte(crypt64Alphabet, text[n])
		if value < 0 {
			return nil, fault("its digest has a character that is not of crypt base64")
		}
		bits |= value << have
		have += 6
		if have >= 8 {
			decoded = append(decoded, byte(bits))
			bits >>= 8
			have -= 8
		}
	}
	if bits != 0 {
		return nil, fault("its digest has stray bits at its end")
	}
	return decoded, nil
}

// cryptOrder returns the order in which crypt(3) writes the bytes of a digest: in
// threes, from the last of each to the first, each three made from the one before
// by next; then the rest.
func cryptOrder(threes, a, b, c int, next func(a, b, c int) (int, int, int), rest ...int) []int {
	order := make([]int, 0, 3*threes+len(rest))
	for range threes {
		order = append(order, c, b, a)
		a, b, c = next(a, b, c)
	}
	return append(order, rest...)
}

func permute(digest []byte, order []int) []byte {
	permuted := make([]byte, 0, len(order))
	for _, from := range order {
		permuted = append(permuted, digest[from])
	}
	return permuted
}
