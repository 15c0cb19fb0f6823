package passwordhash_test

import (
	"encoding/base64"
	"encoding/binary"
)

// Pieces of well-formed hashes.
const (
	salt16Raw = "MDEyMzQ1Njc4OWFiY2RlZg"
	salt16Std = "MDEyMzQ1Njc4OWFiY2RlZg=="
	key16Raw  = "AAAAAAAAAAAAAAAAAAAAAA"
	key16Std  = "AAAAAAAAAAAAAAAAAAAAAA=="
	crypt22   = "......................"
	bcrypt53  = "....................................................."
	crypt43   = "..........................................."
)

func std(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }

func raw(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }

// aspnet writes the binary layout of ASP.NET Identity, version 3.
func aspnet(prf, iterations, saltLength uint32, rest int) string {
	b := []byte{1}
	for _, n := range []uint32{prf, iterations, saltLength} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return base64.StdEncoding.EncodeToString(append(b, make([]byte, rest)...))
}

func hexText(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
