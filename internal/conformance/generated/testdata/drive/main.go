// Command drive drives the handler at the URL given with a client that oapi-codegen makes of the OpenAPI document.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/idemkit/idem/internal/conformance/generated/testdata/client"
)

func main() {
	if err := drive(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func drive(ctx context.Context, url string) error {
	api, err := client.NewClientWithResponses(url)
	if err != nil {
		return err
	}
	traits, region := map[string]any{"email": "oapi-codegen@example.com"}, "eu-central"
	created, err := api.CreateIdentityWithResponse(ctx, nil, client.CreateIdentity{
		Traits: &traits, Region: &region, MetadataAdmin: map[string]any{"note": 1},
	})
	if err != nil || created.JSON201 == nil {
		return fmt.Errorf("create: %w %s", err, created.Body)
	}
	id := created.JSON201.Id

	include := client.IncludeCredential{"password"}
	read, err := api.GetIdentityWithResponse(ctx, id, &client.GetIdentityParams{IncludeCredential: &include})
	if err != nil || read.JSON200 == nil || read.JSON200.Id != id {
		return fmt.Errorf("get: %w %s", err, read.Body)
	}
	tag := read.HTTPResponse.Header.Get("ETag")
	updated, err := api.UpdateIdentityWithResponse(ctx, id, &client.UpdateIdentityParams{IfMatch: &tag}, client.UpdateIdentity{
		Traits: &traits, MetadataPublic: []string{"x"},
	})
	if err != nil || updated.JSON200 == nil || updated.JSON200.MetadataAdmin != nil {
		return fmt.Errorf("update: %w %s", err, updated.Body)
	}
	var operation client.JSONPatch_Item
	if err := operation.FromJSONPatch0(client.JSONPatch0{Op: "add", Path: "/metadata_public/-", Value: "y"}); err != nil {
		return err
	}
	patched, err := api.PatchIdentityWithResponse(ctx, id, nil, client.JSONPatch{operation})
	if err != nil || patched.JSON200 == nil || fmt.Sprint(patched.JSON200.MetadataPublic) != "[x y]" {
		return fmt.Errorf("patch: %w %s", err, patched.Body)
	}
	size, who := 10, "oapi-codegen@example.com"
	list, err := api.ListIdentitiesWithResponse(ctx, &client.ListIdentitiesParams{PageSize: &size, CredentialsIdentifier: &who})
	if err != nil || list.JSON200 == nil || len(*list.JSON200) != 1 || (*list.JSON200)[0].Id != id {
		return fmt.Errorf("list: %w %s", err, list.Body)
	}
	refused, err := api.UpdateIdentityWithResponse(ctx, id, &client.UpdateIdentityParams{IfMatch: &tag}, client.UpdateIdentity{})
	if err != nil || refused.StatusCode() != http.StatusPreconditionFailed {
		return fmt.Errorf("a stale tag: %w %s", err, refused.Body)
	}
	return find(ctx, api)
}
