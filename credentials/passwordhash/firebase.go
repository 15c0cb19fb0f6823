package passwordhash

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// firebaseHash is a hash of Firebase Authentication: scrypt makes of the password a key of AES-256, and what is stored
// is the project's signer key encrypted with it.
type firebaseHash struct {
	n, r, p         int
	salt            []byte // the user's, then the project's separator
	signerKey       []byte
	encryptedSigner []byte
}

const firebaseKeyBytes = 32

// parseFirebaseScrypt reads $firescrypt$ln=<log2 N>,r=,p=$<salt>$<key>$<salt separator>$<signer key>.
func parseFirebaseScrypt(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 5)
	if err != nil {
		return nil, err
	}
	var logN, r, p int
	err = parseParameters(fields[0],
		parameter{"ln", 1, maxScryptLogN, &logN},
		parameter{"r", 1, maxScryptRP, &r},
		parameter{"p", 1, maxScryptRP, &p})
	if err != nil {
		return nil, err
	}
	return newFirebase(logN, r, p, fields[1], fields[2], fields[3], fields[4])
}

// parseSupabaseScrypt reads $fbscrypt$v=1,n=<log2 N>,r=,p=,ss=<salt separator>,sk=<signer key>$<salt>$<key>, the layout
// that Supabase keeps a hash of Firebase in. The separator may be absent.
func parseSupabaseScrypt(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 3)
	if err != nil {
		return nil, err
	}
	head, signerKey, ok := strings.Cut(fields[0], ",sk=")
	if !ok {
		return nil, fault("its signer key (sk) is missing")
	}
	head, separator, _ := strings.Cut(head, ",ss=")
	var version, logN, r, p int
	err = parseParameters(head,
		parameter{"v", 1, 1, &version},
		parameter{"n", 1, maxScryptLogN, &logN},
		parameter{"r", 1, maxScryptRP, &r},
		parameter{"p", 1, maxScryptRP, &p})
	if err != nil {
		return nil, err
	}
	return newFirebase(logN, r, p, fields[1], fields[2], separator, signerKey)
}

func newFirebase(logN, r, p int, salt, key, separator, signerKey string) (verifier, error) {
	h := &firebaseHash{n: 1 << logN, r: r, p: p}
	if err := checkScrypt(h.n, r, p); err != nil {
		return nil, err
	}
	var err error
	if h.salt, h.encryptedSigner, err = decodeSaltAndKey(salt, key); err != nil {
		return nil, err
	}
	separatorBytes, err := decodeBase64("salt separator", separator)
	if err != nil {
		return nil, err
	}
	h.salt = append(h.salt, separatorBytes...)
	if h.signerKey, err = decodeBase64("signer key", signerKey); err != nil {
		return nil, err
	}
	if len(h.signerKey) != len(h.encryptedSigner) {
		return nil, fault("its signer key is not as long as its key")
	}
	return h, nil
}

func (h *firebaseHash) cost(int) Cost { return scryptCost(h.n, h.r, h.p, firebaseKeyBytes) }

func (h *firebaseHash) compare(_ context.Context, password []byte) error {
	key, err := scrypt.Key(password, h.salt, h.n, h.r, h.p, firebaseKeyBytes)
	if err != nil {
		return err
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	computed := make([]byte, len(h.signerKey))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(computed, h.signerKey)
	return match(computed, h.encryptedSigner)
}
