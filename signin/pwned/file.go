package pwned

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// File is a list in a file: a line for each hash in hexadecimal, sorted, with how often it
// was found after a colon, as the downloader of Have I Been Pwned writes it. Without a
// number a hash counts as found once.
type File struct {
	file *os.File
	size int64
}

// OpenFile opens a list. Close it when it is no longer used. A file that begins with
// something else is refused; that it is sorted is not checked.
func OpenFile(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("pwned: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pwned: %w", err), file.Close())
	}
	f := &File{file: file, size: info.Size()}
	if _, _, err := f.line(0); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

const (
	hexLength = 40
	// maxLine bounds a line, in bytes, its end included.
	maxLine = 64
)

// line returns the hash in upper case, and the number, of the line that begins at offset.
func (f *File) line(offset int64) (hash, count string, err error) {
	buffer := make([]byte, maxLine)
	n, err := f.file.ReadAt(buffer, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", "", fmt.Errorf("pwned: %w", err)
	}
	text, _, _ := bytes.Cut(buffer[:n], []byte("\n"))
	hash, count, counted := strings.Cut(strings.TrimSpace(string(text)), ":")
	if !counted {
		count = "1"
	}
	if _, err := hex.DecodeString(hash); err != nil || len(hash) != hexLength {
		return "", "", errors.New("pwned: the file has a line that is no SHA-1 hash")
	}
	return strings.ToUpper(hash), count, nil
}

// next returns where the first line begins that begins at offset or later; the size of the
// file if there is none.
func (f *File) next(offset int64) (int64, error) {
	if offset == 0 {
		return 0, nil
	}
	buffer := make([]byte, maxLine)
	n, err := f.file.ReadAt(buffer, offset-1)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("pwned: %w", err)
	}
	at := bytes.IndexByte(buffer[:n], '\n')
	if at < 0 {
		if n == len(buffer) {
			return 0, errors.New("pwned: the file has a line that is too long")
		}
		return f.size, nil
	}
	return offset + int64(at), nil
}

// Count implements [Source]: a binary search, of some 30 reads for the whole list.
func (f *File) Count(ctx context.Context, hash Hash) (int, error) {
	want := strings.ToUpper(hex.EncodeToString(hash[:]))
	low, high := int64(0), f.size // the line, if there is one, begins in [low, high)
	for low < high {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		middle := low + (high-low)/2
		begin, err := f.next(middle)
		if err != nil {
			return 0, err
		}
		if begin >= high {
			high = middle
			continue
		}
		found, count, err := f.line(begin)
		if err != nil {
			return 0, err
		}
		switch {
		case found == want:
			n, err := strconv.Atoi(count)
			if err != nil {
				return 0, errors.New("pwned: the file has a line whose number cannot be read")
			}
			return n, nil
		case found < want:
			low = begin + 1
		default:
			high = middle
		}
	}
	return 0, nil
}
