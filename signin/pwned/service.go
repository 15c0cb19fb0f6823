package pwned

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// DefaultURL is where the service answers.
const DefaultURL = "https://api.pwnedpasswords.com/range/"

const (
	// prefixLength is how many characters of a hash the service is told.
	prefixLength = 5
	// maxAnswer bounds an answer, in bytes. One has some 40 kB, with padding twice that.
	maxAnswer = 2 << 20
)

// Service asks the range service of Have I Been Pwned.
type Service struct {
	client *http.Client
	url    string
}

// NewService returns a Service that asks with client, which should have a timeout of about a
// second: it runs while somebody waits. It panics if client is nil.
func NewService(client *http.Client) *Service { return NewServiceAt(client, DefaultURL) }

// NewServiceAt is NewService for a mirror: url is what the five characters are appended to.
func NewServiceAt(client *http.Client, url string) *Service {
	if client == nil {
		panic("pwned: the client is nil")
	}
	return &Service{client: client, url: url}
}

// Count implements [Source]. The answers are padded on request, so that their length does
// not tell which one was given.
func (s *Service) Count(ctx context.Context, hash Hash) (int, error) {
	text := strings.ToUpper(hex.EncodeToString(hash[:]))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+text[:prefixLength], nil)
	if err != nil {
		return 0, fmt.Errorf("pwned: %w", err)
	}
	r.Header.Set("Add-Padding", "true")
	answer, err := s.client.Do(r)
	if err != nil {
		return 0, fmt.Errorf("pwned: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("pwned: the service answered %s", answer.Status)
	}
	return search(io.LimitReader(answer.Body, maxAnswer), text[prefixLength:])
}

// search looks for the line of a suffix. All of the answer is read: when it is found shall
// not be seen from outside.
func search(answer io.Reader, suffix string) (count int, err error) {
	lines := bufio.NewScanner(answer)
	found := 0
	for n := 0; lines.Scan(); n++ {
		name, number, ok := strings.Cut(strings.TrimSpace(lines.Text()), ":")
		if !ok || len(name) != len(suffix) {
			return 0, errors.New("pwned: the answer of the service cannot be read")
		}
		if strings.EqualFold(name, suffix) {
			if found, err = strconv.Atoi(number); err != nil {
				return 0, errors.New("pwned: the answer of the service cannot be read")
			}
		}
	}
	if err := lines.Err(); err != nil {
		return 0, fmt.Errorf("pwned: %w", err)
	}
	return found, nil // a padding line has 0
}
