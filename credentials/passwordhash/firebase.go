package passwordhash

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"

	"golang.org/x/crypto/scrypt"
)

// firebaseHash is a hash of Firebase Authentication: scrypt makes of the password a
// key of AES-256, and what is stored is the project's signer key encrypted with it.
type firebaseHash struct {
	n, r, p         int
	salt            []byte // the user's, then the project's separator
	signerKey       []byte
	encryptedSigner []byte
}

// parseFirebaseScrypt reads
// $firescrypt$ln=<log2 N>,r=,p=$<salt>$<key>$<salt separator>$<signer key>.
func parseFirebaseScrypt(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 5)
	if err != nil {
		return nil, err
	}
	var logN int
	h := &firebaseHash{}
	err = parseParameters(fields[0],
		parameter{"ln", 1, maxScryptLogN, &logN},
		parameter{"r", 1, maxScryptR, &h.r},
		parameter{"p", 1, maxScryptP, &h.p})
	if err != nil {
		return nil, err
	}
	h.n = 1 << logN
	h.salt, h.encryptedSigner, err = decodeSaltAndKey(fields[1], fields[2], base64.StdEncoding)
	if err != nil {
		return nil, err
	}
	separator, err := decodeBase64("salt separator", fields[3], base64.StdEncoding)
	if err != nil {
		return nil, err
	}
	h.salt = append(h.salt, separator...)
	h.signerKey, err = decodeBase64("signer key", fields[4], base64.StdEncoding)
	if err != nil {
		return nil, err
	}
	if len(h.signerKey) != len(h.encryptedSigner) {
		return nil, fault("its signer key is not as long as its key")
	}
	return h, nil
}

func (h *firebaseHash) compare(password []byte) error {
	const keyLength = 32
	key, err := scrypt.Key(password, h.salt, h.n, h.r, h.p, keyLength)
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
