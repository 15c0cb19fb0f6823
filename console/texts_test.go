package console

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every text that a page names is there, and every text that is there is named.
func TestTexts(t *testing.T) {
	used := map[string]bool{}
	note := func(source string, patterns ...string) {
		for _, pattern := range patterns {
			for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(source, -1) {
				used[match[1]] = true
			}
		}
	}
	require.NoError(t, fs.WalkDir(templateFiles, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := templateFiles.ReadFile(path)
		note(string(source), `\btf? "([^"]+)"`, `printf "([^":]+)%s`)
		return err
	}))
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file.Name(), ".go") && file.Name() != "texts.go" {
			source, err := os.ReadFile(file.Name())
			require.NoError(t, err)
			note(string(source), `(?:textf?|tell)\("([^"]+)"`, `"((?:fault|schemas|form)\.[a-z_]+)"`)
		}
	}
	for name := range used {
		if strings.HasSuffix(name, ".") || strings.HasSuffix(name, "_") {
			continue // the beginning of names that end in a value
		}
		require.True(t, hasText(name), "no text called %s", name)
	}
	for name := range texts {
		named := used[name]
		for prefix := range used {
			named = named || ((strings.HasSuffix(prefix, ".") || strings.HasSuffix(prefix, "_")) && strings.HasPrefix(name, prefix))
		}
		require.True(t, named, "nothing uses the text %s", name)
	}
}
