package idem_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/credentials"
	"github.com/idemkit/idem/credentials/passwordhash"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/violation"
)

// pages returns the Markdown files of the repository.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case filepath.Ext(path) == ".md":
			content, err := os.ReadFile(path)
			found[path] = string(content)
			return err
		}
		return nil
	}))
	require.Contains(t, found, "README.md")
	require.Contains(t, found, filepath.Join("docs", "operations.md"))
	return found
}

var (
	links      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	goPrograms = regexp.MustCompile("(?s)```go\n(.*?)```")
)

// TestLinksOfPages follows every link to another file of the repository.
func TestLinksOfPages(t *testing.T) {
	for path, content := range pages(t) {
		for _, link := range links.FindAllStringSubmatch(content, -1) {
			target, err := url.Parse(link[1])
			require.NoError(t, err, "%s: %s", path, link[1])
			if target.Scheme != "" || target.Path == "" {
				continue
			}
			_, err = os.Stat(filepath.Join(filepath.Dir(path), filepath.FromSlash(target.Path)))
			require.NoError(t, err, "%s: %s", path, link[1])
		}
	}
}

// TestProgramsOfPages parses what pages show of Go: a program, or some statements.
func TestProgramsOfPages(t *testing.T) {
	count := 0
	for path, content := range pages(t) {
		for _, block := range goPrograms.FindAllStringSubmatch(content, -1) {
			count++
			program := block[1]
			if !strings.Contains(program, "package ") {
				program = "package p\nfunc _() {\n" + program + "\n}"
			}
			_, err := parser.ParseFile(token.NewFileSet(), path, program, 0)
			require.NoError(t, err)
		}
	}
	require.NotZero(t, count)
}

// TestLimitsOfPages holds the table of limits to the constants that it names.
func TestLimitsOfPages(t *testing.T) {
	constants := map[string]int{
		"httpapi.DefaultMaxBody": httpapi.DefaultMaxBody, "httpapi.DefaultMaxBatchBody": httpapi.DefaultMaxBatchBody,
		"httpapi.MaxBatchSize": httpapi.MaxBatchSize, "httpapi.MaxBatchPasswords": httpapi.MaxBatchPasswords,
		"idem.MaxPageSize": idem.MaxPageSize, "idem.MaxActorLength": idem.MaxActorLength, "storage.DefaultLimit": storage.DefaultLimit,
		"schema.MaxTraitsBytes": schema.MaxTraitsBytes, "schema.MaxTraitsValues": schema.MaxTraitsValues, "schema.MaxTraitsDepth": schema.MaxTraitsDepth,
		"schema.MaxTraitsPointer": schema.MaxTraitsPointer,
		"schema.MaxIdentifiers":   schema.MaxIdentifiers, "schema.MaxIdentifierBytes": schema.MaxIdentifierBytes, "violation.Max": violation.Max,
		"schema.MaxSchemaBytes": schema.MaxSchemaBytes, "schema.MaxSchemaValues": schema.MaxSchemaValues, "schema.MaxSchemaDepth": schema.MaxSchemaDepth,
		"identity.MaxMetadataLength": identity.MaxMetadataLength, "identity.MaxMetadataDepth": identity.MaxMetadataDepth,
		"identity.MaxSize": identity.MaxSize, "identity.MaxExternalIDLength": identity.MaxExternalIDLength, "identity.MaxCreateAddresses": identity.MaxCreateAddresses,
		"passwordhash.MaxPasswordBytes": passwordhash.MaxPasswordBytes, "passwordhash.MaxHashBytes": passwordhash.MaxHashBytes,
		"credentials.MaxProviders": credentials.MaxProviders, "credentials.MaxProviderBytes": credentials.MaxProviderBytes,
		"credentials.MaxSubjectBytes": credentials.MaxSubjectBytes, "credentials.MaxCodes": credentials.MaxCodes,
		"credentials.MaxKeys": credentials.MaxKeys, "credentials.MaxKeyBytes": credentials.MaxKeyBytes,
		"credentials.MaxCodeBytes":  credentials.MaxCodeBytes,
		"credentials.MaxKeyIDBytes": credentials.MaxKeyIDBytes, "credentials.MaxKeyDepth": credentials.MaxKeyDepth,
		"credentials.MaxUserHandleBytes": credentials.MaxUserHandleBytes, "credentials.MaxTOTPURLBytes": credentials.MaxTOTPURLBytes,
		"credentials.MaxTOTPPeriod": int(credentials.MaxTOTPPeriod / time.Second),
	}
	_, table, found := strings.Cut(pages(t)[filepath.Join("docs", "operations.md")], "## Limits")
	require.True(t, found)
	row := regexp.MustCompile("(?m)^\\| [^|]+ \\| (\\d+) \\| `([A-Za-z.]+)`.* \\|$")
	named := map[string]int{}
	for _, match := range row.FindAllStringSubmatch(table, -1) {
		value, err := strconv.Atoi(match[1])
		require.NoError(t, err)
		named[match[2]] = value
	}
	require.Equal(t, constants, named)

	for folder, name := range map[string]string{".": "idem", "httpapi": "httpapi", "schema": "schema", "identity": "identity", "credentials": "credentials"} {
		for _, bound := range exportedBounds(t, folder) {
			require.Contains(t, named, name+"."+bound, "it is not in the table of limits")
		}
	}
}

// exportedBounds returns the names of the constants Max… of the package in folder.
func exportedBounds(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	var names []string
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if declared, ok := n.(*ast.GenDecl); ok && declared.Tok == token.CONST {
				for _, spec := range declared.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						if strings.HasPrefix(name.Name, "Max") {
							names = append(names, name.Name)
						}
					}
				}
			}
			return true
		})
	}
	return names
}
