package httpapi

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/storage"
)

// readQuery parses the query, where net/http would drop what it cannot read.
func readQuery(r *http.Request) (url.Values, error) {
	if r.URL.RawQuery == "" {
		return nil, nil // has no values, as an empty map
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, badParameter("The query cannot be parsed.")
	}
	return query, nil
}

func badParameter(reason string) *problem {
	return &problem{
		status: http.StatusBadRequest, id: "bad_request", message: "A parameter of the request is not valid.", reason: reason,
	}
}

// checkParameters refuses parameters that are not in known: a misspelt filter that was
// ignored would select everybody. The value in known is whether a parameter may be repeated.
func checkParameters(parameters url.Values, known map[string]bool) error {
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		repeatable, ok := known[name]
		switch {
		case !ok:
			there := "there are none"
			if len(known) > 0 {
				there = "there are " + strings.Join(slices.Sorted(maps.Keys(known)), ", ")
			}
			return badParameter(fmt.Sprintf("There is no parameter %s; %s.", strconv.QuoteToASCII(shorten(name)), there))
		case !repeatable && len(parameters[name]) > 1:
			return badParameter("The parameter " + name + " is given more than once.")
		}
	}
	return nil
}

// shorten keeps what is echoed to a size that a person can read.
func shorten(text string) string {
	const most = 64
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// readSize reads the size of a page as it is used: absent, 0 or less is the default.
func readSize(parameters url.Values, name string) (int, error) {
	size, err := readNumber(parameters, name)
	if size <= 0 {
		size = storage.DefaultLimit
	}
	return min(size, idem.MaxPageSize), err
}

func readNumber(parameters url.Values, name string) (int, error) {
	text := parameters.Get(name)
	if text == "" && !parameters.Has(name) {
		return 0, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, badParameter("The parameter " + name + " is not a number.")
	}
	return number, nil // of one out of range, the largest there is
}

func includedCredentials(query url.Values) ([]credentials.Type, error) {
	var types []credentials.Type
	for n, name := range query["include_credential"] {
		t, err := credentials.ParseType(name)
		if err != nil {
			return nil, badParameter(fmt.Sprintf("include_credential number %d is not a credential type; there are %s.", n+1, typeNames()))
		}
		types = append(types, t)
	}
	return types, nil
}

func typeNames() string {
	var names []string
	for _, t := range credentials.Types() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}
