package passwordhash

import (
	"context"
	"strings"
)

// templatedHash is a digest of a text that is put together from the salt, the password and anything else.
type templatedHash struct {
	hash   *digest
	parts  []templatePart
	digest []byte
}

// templatePart is a fixed piece of the text, or the place of the password.
type templatePart struct {
	text       []byte
	isPassword bool
}

// parseMD5 reads $md5$<digest>, of the password alone, or the templated layout.
func parseMD5(encoded string) (verifier, error) {
	text := strings.TrimPrefix(encoded, "$md5$")
	if strings.Contains(text, "$") {
		return parseTemplated(encoded)
	}
	digest, err := decodeDigest(text, digestMD5.size)
	if err != nil {
		return nil, err
	}
	return &templatedHash{hash: digestMD5, parts: []templatePart{{isPassword: true}}, digest: digest}, nil
}

// parseTemplated reads $<digest name>$pf=<template>$<salt>$<digest>, each but the name in base64. The template must
// hold {PASSWORD}: otherwise any password would match. It may hold {SALT}. Both are replaced at once: neither the salt
// nor the password is read as a template.
func parseTemplated(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 3)
	if err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(encoded[1:], "$")
	h := &templatedHash{hash: digestNamed(name)}
	text, ok := strings.CutPrefix(fields[0], "pf=")
	if !ok {
		return nil, fault("its template does not begin with pf=")
	}
	template, err := decodeBase64("template", text)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(string(template), passwordPlace) {
		return nil, fault("its template has no place for the password")
	}
	salt, err := decodeBase64("salt", fields[1])
	if err != nil {
		return nil, err
	}
	if h.digest, err = decodeDigest(fields[2], h.hash.size); err != nil {
		return nil, err
	}
	h.parts = templateParts(string(template), salt)
	return h, nil
}

const passwordPlace, saltPlace = "{PASSWORD}", "{SALT}"

func templateParts(template string, salt []byte) []templatePart {
	var parts []templatePart
	for n, between := range strings.Split(template, passwordPlace) {
		if n > 0 {
			parts = append(parts, templatePart{isPassword: true})
		}
		parts = append(parts, templatePart{text: []byte(strings.ReplaceAll(between, saltPlace, string(salt)))})
	}
	return parts
}

func (h *templatedHash) cost(passwordBytes int) Cost {
	bytes := 0
	for _, part := range h.parts {
		bytes += len(part.text)
		if part.isPassword {
			bytes += passwordBytes
		}
	}
	return costOf(h.hash.cost(float64(bytes)), 0)
}

func (h *templatedHash) compare(_ context.Context, password []byte) error {
	d := h.hash.new()
	for _, part := range h.parts {
		if part.isPassword {
			d.Write(password)
		} else {
			d.Write(part.text)
		}
	}
	return match(d.Sum(nil), h.digest)
}

// decodeDigest decodes base64 of exactly size bytes.
func decodeDigest(text string, size int) ([]byte, error) {
	digest, err := decodeBase64("digest", text)
	if err != nil {
		return nil, err
	}
	if len(digest) != size {
		return nil, faultf("its digest is not %d bytes", size)
	}
	return digest, nil
}
