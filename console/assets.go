package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// asset is a file that pages refer to.
type asset struct {
	mediaType   string
	body, small []byte // small is compressed
}

// assets are the files by the names that they are served under, which hold a hash of their content; names are
// those, by the names of the files.
type assets struct {
	files map[string]asset
	names map[string]string
}

var mediaTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// loadAssets reads what is embedded. It panics only if the program was built without it.
func loadAssets() assets {
	all := assets{files: make(map[string]asset), names: make(map[string]string)}
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(fmt.Sprintf("console: %v", err))
	}
	for _, entry := range entries {
		body, err := assetFiles.ReadFile("assets/" + entry.Name())
		if err != nil {
			panic(fmt.Sprintf("console: %v", err))
		}
		sum, extension := sha256.Sum256(body), path.Ext(entry.Name())
		name := strings.TrimSuffix(entry.Name(), extension) + "." + hex.EncodeToString(sum[:8]) + extension
		all.files[name] = asset{mediaType: mediaTypes[extension], body: body, small: compress(body)}
		all.names[entry.Name()] = name
	}
	return all
}

func (a assets) serve(w http.ResponseWriter, r *http.Request, name string) {
	file, ok := a.files[name]
	switch {
	case !ok:
		http.Error(w, http.StatusText(http.StatusNotFound), http.StatusNotFound)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	header := w.Header()
	header.Set("Content-Type", file.mediaType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Vary", "Accept-Encoding")
	body := file.body
	if acceptsGzip(r) {
		header.Set("Content-Encoding", "gzip")
		body = file.small
	}
	write(w, r, http.StatusOK, body)
}

func compress(body []byte) []byte {
	var small bytes.Buffer
	// The level is valid, and a buffer never fails.
	writer, _ := gzip.NewWriterLevel(&small, 6)
	_, _ = writer.Write(body)
	_ = writer.Close()
	return small.Bytes()
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3).
func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		coding, parameters, _ := strings.Cut(part, ";")
		if strings.TrimSpace(coding) != "gzip" {
			continue
		}
		quality, err := strconv.ParseFloat(strings.TrimPrefix(strings.ReplaceAll(parameters, " ", ""), "q="), 64)
		return parameters == "" || (err == nil && quality > 0)
	}
	return false
}

// worthCompressing is how long, in bytes, an answer is that gets shorter in packets.
const worthCompressing = 1400

// send answers with body, compressed where the client takes that.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Set("Vary", "Accept-Encoding")
	if len(body) > worthCompressing && acceptsGzip(r) && w.Header().Get("Content-Encoding") == "" {
		w.Header().Set("Content-Encoding", "gzip")
		body = compress(body)
	}
	write(w, r, status, body)
}

func write(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		// A client that has left cannot be told anything.
		_, _ = w.Write(body)
	}
}
