package form

import (
	"strconv"
	"strings"
)

var escaper = strings.NewReplacer("~", "~0", "/", "~1")

var unescaper = strings.NewReplacer("~1", "/", "~0", "~")

// join returns the pointer of the member called token below pointer (RFC 6901, section 3).
func join(pointer, token string) string { return pointer + "/" + escaper.Replace(token) }

func joinIndex(pointer string, index int) string { return pointer + "/" + strconv.Itoa(index) }

// parent cuts the last token off a pointer. ok is false for the pointer of the whole document.
func parent(pointer string) (string, bool) {
	at := strings.LastIndexByte(pointer, '/')
	if at < 0 {
		return "", false
	}
	return pointer[:at], true
}
