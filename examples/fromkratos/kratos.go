package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// kratos is the admin API of a Kratos.
type kratos struct {
	url, token string
	types      []string // of credentials, to ask for
	client     *http.Client
}

// record is an identity as Kratos answers it.
type record struct {
	ID             uuid.UUID                   `json:"id"`
	ExternalID     string                      `json:"external_id"`
	SchemaID       string                      `json:"schema_id"`
	State          string                      `json:"state"`
	StateChangedAt time.Time                   `json:"state_changed_at"`
	Traits         json.RawMessage             `json:"traits"`
	MetadataPublic json.RawMessage             `json:"metadata_public"`
	MetadataAdmin  json.RawMessage             `json:"metadata_admin"`
	OrganizationID uuid.NullUUID               `json:"organization_id"`
	Verifiable     []recordAddress             `json:"verifiable_addresses"`
	Recovery       []recordAddress             `json:"recovery_addresses"`
	Credentials    map[string]recordCredential `json:"credentials"`
	CreatedAt      time.Time                   `json:"created_at"`
	UpdatedAt      time.Time                   `json:"updated_at"`
}

type recordAddress struct {
	ID         uuid.UUID `json:"id"`
	Value      string    `json:"value"`
	Via        string    `json:"via"`
	Verified   bool      `json:"verified"`
	Status     string    `json:"status"`
	VerifiedAt time.Time `json:"verified_at"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
}

// recordCredential is a credential of any type. Each uses some of the fields of Config.
type recordCredential struct {
	Config *struct {
		HashedPassword           string           `json:"hashed_password"`
		UsePasswordMigrationHook bool             `json:"use_password_migration_hook"`
		Providers                []recordProvider `json:"providers"`
		TOTPURL                  string           `json:"totp_url"`
		RecoveryCodes            []recordCode     `json:"recovery_codes"`
		// Credentials are the keys of webauthn and passkey.
		Credentials []json.RawMessage `json:"credentials"`
		UserHandle  []byte            `json:"user_handle"`
	} `json:"config"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

type recordProvider struct {
	Provider     string `json:"provider"`
	Subject      string `json:"subject"`
	Organization string `json:"organization"`
	UseAutoLink  bool   `json:"use_auto_link"`
}

type recordCode struct {
	Code   string    `json:"code"`
	UsedAt time.Time `json:"used_at"`
}

// pages gets all identities with their credentials. An error ends it.
func (k *kratos) pages(ctx context.Context) iter.Seq2[[]record, error] {
	return func(yield func([]record, error) bool) {
		query := url.Values{"page_size": {"250"}, "include_credential": k.types}
		for {
			var page []record
			header, err := k.get(ctx, "/admin/identities?"+query.Encode(), &page)
			if err == nil {
				err = k.complete(ctx, page)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page, nil) {
				return
			}
			token := nextToken(header)
			if token == "" {
				return
			}
			query.Set("page_token", token)
		}
	}
}

// complete asks for each identity that came without the configs of its credentials:
// lists of older releases leave them out.
func (k *kratos) complete(ctx context.Context, page []record) error {
	query := url.Values{"include_credential": k.types}.Encode()
	for n, r := range page {
		if r.hasConfigs() {
			continue
		}
		if _, err := k.get(ctx, "/admin/identities/"+r.ID.String()+"?"+query, &page[n]); err != nil {
			return err
		}
	}
	return nil
}

func (r record) hasConfigs() bool {
	for _, c := range r.Credentials {
		if c.Config != nil {
			return true
		}
	}
	return false
}

func (k *kratos) get(ctx context.Context, path string, answer any) (http.Header, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url+path, nil)
	if err != nil {
		return nil, err
	}
	if k.token != "" {
		r.Header.Set("Authorization", "Bearer "+k.token)
	}
	response, err := k.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return nil, fmt.Errorf("kratos answers %s: %s", response.Status, reason)
	}
	return response.Header, json.NewDecoder(response.Body).Decode(answer)
}

// nextToken returns the page_token of the link to the next page; empty when there is
// none. Of the link nothing else is used: it begins with whatever URL Kratos is
// configured to have, which need not be the one under which it is reached here.
func nextToken(header http.Header) string {
	for _, link := range strings.Split(strings.Join(header.Values("Link"), ","), ",") {
		target, parameters, _ := strings.Cut(strings.TrimSpace(link), ">")
		if !slices.Contains(strings.Fields(strings.ReplaceAll(parameters, ";", " ")), `rel="next"`) {
			continue
		}
		if u, err := url.Parse(strings.TrimPrefix(target, "<")); err == nil {
			return u.Query().Get("page_token")
		}
	}
	return ""
}
