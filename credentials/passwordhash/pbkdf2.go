package passwordhash

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/binary"
	"strings"
)

// maxPBKDF2Iterations is the most that a field can hold. What a hash may have is a matter of its cost.
const maxPBKDF2Iterations = 1<<32 - 1

// pbkdf2Hash is a PBKDF2 hash (RFC 8018, section 5.2) with HMAC, in any layout.
type pbkdf2Hash struct {
	// digests are those that the hash may be made with: two where the name has two meanings.
	digests    []*digest
	iterations int
	salt, key  []byte
}

// parsePBKDF2 reads $pbkdf2-<digest>$i=<iterations>,l=<length>$<salt>$<key>. The length is redundant and may be absent,
// and the API that we are compatible with ignores it: the length of the key counts. passlib writes the iterations
// alone, as $pbkdf2-<digest>$<iterations>$…, and $pbkdf2$ for SHA-1.
func parsePBKDF2(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 3)
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(encoded, "$pbkdf2"), "$")
	h := &pbkdf2Hash{digests: pbkdf2Digests(strings.TrimPrefix(name, "-"))}
	if len(h.digests) == 0 {
		return nil, fault("its digest is unknown")
	}
	if strings.Trim(fields[0], "0123456789") == "" {
		h.iterations, err = parseNumber("number of iterations", fields[0], 1, maxPBKDF2Iterations)
	} else {
		parameters := []parameter{{"i", 1, maxPBKDF2Iterations, &h.iterations}, {"l", 1, MaxHashBytes, new(int)}}
		if !strings.Contains(fields[0], ",") {
			parameters = parameters[:1]
		}
		err = parseParameters(fields[0], parameters...)
	}
	if err != nil {
		return nil, err
	}
	if h.salt, h.key, err = decodeSaltAndKey(fields[1], fields[2]); err != nil {
		return nil, err
	}
	return h, nil
}

// pbkdf2Digests returns the digests of that name. In the API that we are compatible with, sha224 and sha384 are those
// of SHA-3, and everywhere else those of SHA-2. Both match.
func pbkdf2Digests(name string) []*digest {
	switch name {
	case "", "sha1":
		return []*digest{digestSHA1}
	case "sha224":
		return []*digest{digestSHA3224, digestSHA224}
	case "sha256":
		return []*digest{digestSHA256}
	case "sha384":
		return []*digest{digestSHA3384, digestSHA384}
	case "sha512":
		return []*digest{digestSHA512}
	}
	return nil
}

// newPBKDF2 returns the hash of these parts, or what is wrong with them.
func newPBKDF2(digestName, iterations string, salt, key []byte) (verifier, error) {
	d := digestNamed(digestName)
	if d == nil || d == digestMD4 {
		return nil, fault("its digest is unknown")
	}
	h := &pbkdf2Hash{digests: []*digest{d}, salt: salt, key: key}
	var err error
	if h.iterations, err = parseNumber("number of iterations", iterations, 1, maxPBKDF2Iterations); err != nil {
		return nil, err
	}
	if len(salt) == 0 {
		return nil, fault("its salt is empty")
	}
	return h, checkKey(key)
}

// parseDjangoPBKDF2 reads pbkdf2_<digest>$<iterations>$<salt>$<key>, the layout of Django's PBKDF2PasswordHasher and
// its subclasses. The salt is text; the key is as long as the digest.
func parseDjangoPBKDF2(encoded string) (verifier, error) {
	fields := strings.Split(encoded, "$")
	if len(fields) != 4 {
		return nil, faultf("must have 3 fields after its name, not %d", len(fields)-1)
	}
	key, err := decodeBase64("key", fields[3])
	if err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(fields[0], "pbkdf2_")
	h, err := newPBKDF2(name, fields[1], []byte(fields[2]), key)
	if err != nil {
		return nil, err
	}
	if size := digestNamed(name).size; len(key) != size {
		return nil, faultf("its key is not %d bytes", size)
	}
	return h, nil
}

// parseWerkzeugPBKDF2 reads pbkdf2:<digest>:<iterations>$<salt>$<hexadecimal key>. The salt is text.
func parseWerkzeugPBKDF2(encoded string) (verifier, error) {
	fields := strings.Split(encoded, "$")
	method := strings.Split(fields[0], ":")
	if len(fields) != 3 || len(method) != 3 {
		return nil, fault("must be pbkdf2:<digest>:<iterations>$<salt>$<key>")
	}
	key, err := decodeHex("key", fields[2])
	if err != nil {
		return nil, err
	}
	return newPBKDF2(method[1], method[2], []byte(fields[1]), key)
}

// parseMediaWikiPBKDF2 reads :pbkdf2:<digest>:<iterations>:<length>:<salt>:<key>.
func parseMediaWikiPBKDF2(encoded string) (verifier, error) {
	fields := strings.Split(encoded, ":")
	if len(fields) != 7 {
		return nil, faultf("must have 5 fields after its name, not %d", len(fields)-2)
	}
	length := 0
	var err error
	if length, err = parseNumber("length", fields[4], 1, MaxHashBytes); err != nil {
		return nil, err
	}
	salt, key, err := decodeSaltAndKey(fields[5], fields[6])
	if err != nil {
		return nil, err
	}
	if len(key) != length {
		return nil, faultf("its key is not %d bytes", length)
	}
	return newPBKDF2(fields[2], fields[3], salt, key)
}

// parseLDAPPBKDF2 reads <iterations>$<salt>$<key>, the layout of OpenLDAP's and passlib's {PBKDF2-SHA256}, or Dovecot's
// $1$<salt>$<iterations>$<hexadecimal key>, whose salt is text.
func parseLDAPPBKDF2(digestName, text string) (verifier, error) {
	fields := strings.Split(text, "$")
	if len(fields) == 5 && fields[0] == "" && fields[1] == "1" {
		key, err := decodeHex("key", fields[4])
		if err != nil {
			return nil, err
		}
		return newPBKDF2(digestName, fields[3], []byte(fields[2]), key)
	}
	if len(fields) != 3 {
		return nil, fault("must be <iterations>$<salt>$<key> after its scheme")
	}
	salt, key, err := decodeSaltAndKey(fields[1], fields[2])
	if err != nil {
		return nil, err
	}
	return newPBKDF2(digestName, fields[0], salt, key)
}

// parseSpringPBKDF2 reads the hexadecimal (or base64) text of the salt and the key, the layout of Spring Security's
// Pbkdf2PasswordEncoder without a secret. The iterations and the digest are those of a version of Spring Security.
func parseSpringPBKDF2(text string, d *digest, iterations, saltBytes int) (verifier, error) {
	const keyBytes = 32
	raw, err := decodeHex("salt and key", text)
	if err != nil {
		if raw, err = decodeBase64("salt and key", text); err != nil {
			return nil, fault("its salt and key are neither hexadecimal nor valid base64")
		}
	}
	if len(raw) != saltBytes+keyBytes {
		return nil, faultf("its salt and key are not %d bytes together", saltBytes+keyBytes)
	}
	return &pbkdf2Hash{digests: []*digest{d}, iterations: iterations, salt: raw[:saltBytes], key: raw[saltBytes:]}, nil
}

// parseAtlassian reads the base64 of 16 bytes of salt and 32 bytes of key: PBKDF2 with HMAC-SHA-1 and 10,000
// iterations.
func parseAtlassian(text string) (verifier, error) {
	const saltBytes, keyBytes, iterations = 16, 32, 10_000
	raw, err := decodeBase64("salt and key", text)
	if err != nil {
		return nil, err
	}
	if len(raw) != saltBytes+keyBytes {
		return nil, faultf("its salt and key are not %d bytes together", saltBytes+keyBytes)
	}
	return &pbkdf2Hash{digests: []*digest{digestSHA1}, iterations: iterations, salt: raw[:saltBytes], key: raw[saltBytes:]}, nil
}

// isASPNETIdentity reports whether encoded is the base64 of a layout of ASP.NET Identity: version 3 begins with the
// byte 1 and a pseudo-random function below 256 in four bytes; version 2 is 49 bytes and begins with the byte 0.
func isASPNETIdentity(encoded string) bool {
	if strings.HasPrefix(encoded, "AQAAAA") {
		return true
	}
	raw, err := decodeBase64("text", encoded)
	return err == nil && len(raw) == aspnetV2Bytes && raw[0] == 0
}

const aspnetV2Bytes = 1 + 16 + 32

// parseASPNETIdentity reads the layouts of the PasswordHasher of ASP.NET Identity, in base64. Version 2: the byte 0, 16
// bytes of salt, 32 bytes of key; HMAC-SHA-1 and 1,000 iterations. Version 3: the byte 1; three big-endian 32-bit
// numbers, which are the pseudo-random function (0, 1, 2 for HMAC with SHA-1, SHA-256, SHA-512), the iterations and the
// salt's length; the salt; the key. The original verifies neither a salt nor a key of less than 16 bytes.
func parseASPNETIdentity(encoded string) (verifier, error) {
	raw, err := decodeBase64("text", encoded)
	if err != nil {
		return nil, err
	}
	if len(raw) == aspnetV2Bytes && raw[0] == 0 {
		return &pbkdf2Hash{digests: []*digest{digestSHA1}, iterations: 1000, salt: raw[1:17], key: raw[17:]}, nil
	}
	const header, minSalt = 13, 16
	if len(raw) < header {
		return nil, fault("is shorter than its header")
	}
	functions := []*digest{digestSHA1, digestSHA256, digestSHA512}
	function := binary.BigEndian.Uint32(raw[1:])
	if function >= uint32(len(functions)) {
		return nil, fault("its pseudo-random function is unknown")
	}
	h := &pbkdf2Hash{digests: functions[function : function+1], iterations: int(binary.BigEndian.Uint32(raw[5:]))}
	if h.iterations < 1 {
		return nil, fault("its number of iterations must be at least 1")
	}
	saltLength, rest := binary.BigEndian.Uint32(raw[9:]), raw[header:]
	if saltLength < minSalt {
		return nil, faultf("its salt is shorter than %d bytes", minSalt)
	}
	if uint64(saltLength) > uint64(len(rest)) {
		return nil, fault("its salt is longer than the hash")
	}
	h.salt, h.key = rest[:saltLength], rest[saltLength:]
	return h, checkKey(h.key)
}

func (h *pbkdf2Hash) cost(int) Cost {
	all := 0.0
	for _, d := range h.digests {
		blocks := float64((len(h.key) + d.size - 1) / d.size)
		all += hmacSetup + blocks*(float64(h.iterations)*d.hmacCost()+d.cost(float64(len(h.salt))))
	}
	return costOf(all, 0)
}

func (h *pbkdf2Hash) compare(ctx context.Context, password []byte) error {
	result := ErrMismatch
	for _, d := range h.digests {
		computed, err := pbkdf2Key(ctx, d, password, h.salt, h.iterations, len(h.key))
		if err != nil {
			return err
		}
		if match(computed, h.key) == nil {
			result = nil
		}
	}
	return result
}

// pbkdf2Key is PBKDF2 (RFC 8018, section 5.2). It is here because that of the standard library, which it is tested
// against, cannot be interrupted.
func pbkdf2Key(ctx context.Context, d *digest, password, salt []byte, iterations, keyBytes int) ([]byte, error) {
	prf := hmac.New(d.new, password)
	key := make([]byte, 0, keyBytes+d.size)
	for block := uint32(1); len(key) < keyBytes; block++ {
		prf.Reset()
		prf.Write(salt)
		prf.Write(binary.BigEndian.AppendUint32(nil, block))
		u := prf.Sum(nil)
		t := bytes.Clone(u)
		for round := 1; round < iterations; round++ {
			if err := enough(ctx, round); err != nil {
				return nil, err
			}
			prf.Reset()
			prf.Write(u)
			u = prf.Sum(u[:0])
			for n := range t {
				t[n] ^= u[n]
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		key = append(key, t...)
	}
	return key[:keyBytes], nil
}
