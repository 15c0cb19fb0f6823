package schema

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// DefaultID is the id of the default schema among several that [FromFS] loads.
const DefaultID = "default"

// FromFS makes a registry of the files *.json at the root of fsys, in the order of their names. It ignores
// folders and other files. The id of a schema is its file's name without ".schema.json" or ".json":
// customer.schema.json and customer.json both have the id "customer". The default schema is the one with the
// id "default", or the only schema. Combine FromFS with [fs.Sub] and [embed.FS] as needed:
//
//	//go:embed schemas
//	var files embed.FS
//
//	folder, err := fs.Sub(files, "schemas")
//	registry, err := schema.FromFS(folder)
//
// Errors: those of fsys, of [Parse] and of [NewRegistry], and an error if there is no default schema.
func FromFS(fsys fs.FS) (*Registry, error) {
	names, err := fs.Glob(fsys, "*.json")
	if err != nil {
		return nil, fmt.Errorf("schema folder: %w", err)
	}
	var first *Schema
	var others []*Schema
	for _, name := range names {
		document, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("schema folder: %w", err)
		}
		s, err := Parse(idOfFile(name), document)
		if err != nil {
			return nil, fmt.Errorf("schema folder: %s: %w", name, err)
		}
		if s.ID() == DefaultID || len(names) == 1 {
			first = s
		} else {
			others = append(others, s)
		}
	}
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("schema folder: no file *.json in it")
	case first == nil:
		return nil, fmt.Errorf("schema folder: none of its %d schemas is the default one: name its file %s.schema.json", len(names), DefaultID)
	}
	return NewRegistry(first, others...)
}

func idOfFile(name string) string {
	name = path.Base(name)
	if id, ok := strings.CutSuffix(name, ".schema.json"); ok && id != "" {
		return id
	}
	return strings.TrimSuffix(name, ".json")
}
