package passwordhash

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"strings"
)

// templatedHash is a digest of a text that is put together from the salt, the
// password and anything else.
type templatedHash struct {
	new    func() hash.Hash
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
	digest, err := decodeDigest(text, md5.Size)
	if err != nil {
		return nil, err
	}
	return &templatedHash{new: md5.New, parts: []templatePart{{isPassword: true}}, digest: digest}, nil
}

// parseTemplated reads $<digest name>$pf=<template>$<salt>$<digest>, each but the name
// in padded base64. The template holds {PASSWORD}, or any password would match; it may
// hold {SALT}. Both are replaced at once: neither salt nor password is a template.
func parseTemplated(encoded string) (verifier, error) {
	fields, err := splitFields(encoded, 3)
	if err != nil {
		return nil, err
	}
	h := &templatedHash{}
	switch {
	case strings.HasPrefix(encoded, "$md5$"):
		h.new = md5.New
	case strings.HasPrefix(encoded, "$sha1$"):
		h.new = sha1.New
	case strings.HasPrefix(encoded, "$sha256$"):
		h.new = sha256.New
	default:
		h.new = sha512.New
	}
	text, ok := strings.CutPrefix(fields[0], "pf=")
	if !ok {
		return nil, fault("its template does not begin with pf=")
	}
	template, err := decodeBase64("template", text, base64.StdEncoding)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(string(template), passwordPlace) {
		return nil, fault("its template has no place for the password")
	}
	salt, err := decodeBase64("salt", fields[1], base64.StdEncoding)
	if err != nil {
		return nil, err
	}
	if h.digest, err = decodeDigest(fields[2], h.new().Size()); err != nil {
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

func (h *templatedHash) compare(password []byte) error {
	d := h.new()
	for _, part := range h.parts {
		if part.isPassword {
			d.Write(password)
		} else {
			d.Write(part.text)
		}
	}
	return match(d.Sum(nil), h.digest)
}

// decodeDigest decodes padded base64 of exactly size bytes.
func decodeDigest(text string, size int) ([]byte, error) {
	digest, err := decodeBase64("digest", text, base64.StdEncoding)
	if err != nil {
		return nil, err
	}
	if len(digest) != size {
		return nil, faultf("its digest is not %d bytes", size)
	}
	return digest, nil
}
