package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"

	"github.com/idemkit/idem/internal/conformance/generated/testdata/client"
)

// find drives the list by filters, words, orders, counts and pages, over twelve people of which each has a number.
func find(ctx context.Context, api *client.ClientWithResponses) error {
	const people = 12
	for n := range people {
		traits := map[string]any{"email": fmt.Sprintf("find%d@example.com", n)}
		body := client.CreateIdentity{Traits: &traits, MetadataAdmin: map[string]any{"n": n, "group": []string{"even", "odd"}[n%2]}}
		if created, err := api.CreateIdentityWithResponse(ctx, nil, body); err != nil || created.JSON201 == nil {
			return fmt.Errorf("create: %w %s", err, created.Body)
		}
	}
	for _, c := range []struct {
		name            string
		filter, q, sort string
		want            []int
	}{
		{"a filter", `metadata_admin.n ge 7 and not (metadata_admin.group eq "odd")`, "", "metadata_admin.n", []int{8, 10}},
		{"a filter that an index serves", `metadata_admin.n eq 5`, "", "", []int{5}},
		{"of a list of addresses", `verifiable_addresses[value eq "FIND3@example.com" and verified eq false]`, "", "", []int{3}},
		{"an order from the end", `metadata_admin.n pr`, "", "-metadata_admin.n", []int{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
		{"two orders", `metadata_admin.n lt 4`, "", "metadata_admin.group,-metadata_admin.n", []int{2, 0, 3, 1}},
		{"words", "", "FIND1 example", "-metadata_admin.n", []int{11, 10, 1}},
		{"words and a filter", `metadata_admin.n gt 1`, "find1", "metadata_admin.n", []int{10, 11}},
		{"nobody", `metadata_admin.n gt 11`, "find", "", nil},
	} {
		if err := list(ctx, api, params(c.filter, c.q, c.sort), c.want); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return refusals(ctx, api)
}

func params(filter, q, sort string) client.ListIdentitiesParams {
	size, count := 5, true
	p := client.ListIdentitiesParams{PageSize: &size, Count: &count}
	for text, field := range map[*string]**string{&filter: &p.Filter, &q: &p.Q, &sort: &p.Sort} {
		if *text != "" {
			*field = text
		}
	}
	return p
}

var nextLink = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// nextToken is the token of the next page, empty if there is none.
func nextToken(page *http.Response) (string, error) {
	next := nextLink.FindStringSubmatch(page.Header.Get("Link"))
	if next == nil {
		return "", nil
	}
	link, err := url.Parse(next[1])
	if err != nil {
		return "", err
	}
	return link.Query().Get("page_token"), nil
}

// list walks through all pages of a list and compares the numbers of the people.
func list(ctx context.Context, api *client.ClientWithResponses, p client.ListIdentitiesParams, want []int) error {
	var got []int
	for {
		page, err := api.ListIdentitiesWithResponse(ctx, &p)
		if err != nil || page.JSON200 == nil {
			return fmt.Errorf("%w %s", err, page.Body)
		}
		if total := page.HTTPResponse.Header.Get("X-Total-Count"); total != fmt.Sprint(len(want)) {
			return fmt.Errorf("the count is %q, must be %d", total, len(want))
		}
		for _, i := range *page.JSON200 {
			metadata, _ := i.MetadataAdmin.(map[string]any)
			number, _ := metadata["n"].(float64)
			got = append(got, int(number))
		}
		token, err := nextToken(page.HTTPResponse)
		if err != nil {
			return err
		}
		if token == "" {
			break
		}
		p.PageToken = &token
	}
	if p.Sort == nil {
		slices.Sort(got) // by id, which is random
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("found %v, must be %v", got, want)
	}
	return nil
}

// refusals: a wrong filter and order, and a token of another filter and of another order.
func refusals(ctx context.Context, api *client.ClientWithResponses) error {
	first := params(`metadata_admin.n pr`, "", "metadata_admin.n")
	page, err := api.ListIdentitiesWithResponse(ctx, &first)
	if err != nil || page.JSON200 == nil {
		return fmt.Errorf("%w %s", err, page.Body)
	}
	token, err := nextToken(page.HTTPResponse)
	if err != nil {
		return err
	}
	if token == "" {
		return errors.New("there is no next page")
	}
	for name, p := range map[string]client.ListIdentitiesParams{
		"a wrong filter":          params(`metadata_admin.n eq`, "", ""),
		"a filter for a secret":   params(`credentials.password.config.hashed_password pr`, "", ""),
		"a wrong order":           params("", "", "nothing"),
		"a token of another list": params(`metadata_admin.n lt 100`, "", "metadata_admin.n"),
		"a token of another sort": params(`metadata_admin.n pr`, "", "-metadata_admin.n"),
	} {
		p.PageToken = &token
		refused, err := api.ListIdentitiesWithResponse(ctx, &p)
		if err != nil || refused.StatusCode() != http.StatusBadRequest {
			return fmt.Errorf("%s: %w %s", name, err, refused.Body)
		}
	}
	return nil
}
