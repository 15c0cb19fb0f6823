package schema

import (
	"errors"
	"fmt"

	"github.com/xeipuuv/gojsonschema"
)

// engine is a compiled schema. This file is the only one that calls the library that validates, which is
// not made for documents and schemas from strangers; what it may be given is decided elsewhere: cleaned
// schemas (see clean) and values that passed readTraits.
type engine struct {
	schema *gojsonschema.Schema
	size   int // subschemas
	quick  *acceptor
}

// newEngine compiles the schema at root.
func newEngine(root *node) (e *engine, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = refuse(root.source.id, "", "", fmt.Sprintf("cannot be compiled: %v", fault))
		}
	}()
	registerFormats()
	// A loader of its own each time: a loader remembers its documents and is not safe for concurrent use.
	// Without Validate and AutoDetect it has no reason to read a meta-schema or to follow $schema.
	loader := gojsonschema.NewSchemaLoader()
	loader.AutoDetect, loader.Validate, loader.Draft = false, false, gojsonschema.Draft7
	document, size := clean(root)
	compiled, err := loader.Compile(newTree(document))
	if err != nil {
		return nil, refuse(root.source.id, "", "", "cannot be compiled: "+err.Error())
	}
	return &engine{schema: compiled, size: size, quick: root.quick()}, nil
}

// errEngine is a fault of the library. Its text may hold a value, so that it is not passed on.
var errEngine = errors.New("the validator failed")

// validate returns the violations of value, unsorted.
func (e *engine) validate(value any) ([]gojsonschema.ResultError, error) {
	if e.quick.accept(value) {
		return nil, nil
	}
	return e.judge(value)
}

// judge is validate by the library alone.
func (e *engine) judge(value any) (results []gojsonschema.ResultError, err error) {
	defer func() {
		if recover() != nil {
			err = errEngine
		}
	}()
	result, err := e.schema.Validate(newTree(value))
	if err != nil {
		return nil, errEngine
	}
	return result.Errors(), nil
}

// holds reports whether value matches the schema.
func (e *engine) holds(value any) bool {
	results, err := e.validate(value)
	return err == nil && len(results) == 0
}

// tree gives the library a decoded value, and refuses to load anything else for it.
type tree struct{ gojsonschema.JSONLoader }

func newTree(value any) tree { return tree{gojsonschema.NewRawLoader(value)} }

// LoaderFactory replaces the library's own, which reads files and URLs.
func (tree) LoaderFactory() gojsonschema.JSONLoaderFactory { return nothing{} }

// nothing makes loaders that load nothing.
type nothing struct{ gojsonschema.JSONLoader }

var errNothing = errors.New("schemas are never fetched")

func (nothing) New(string) gojsonschema.JSONLoader {
	return nothing{gojsonschema.NewRawLoader(nil)}
}

func (nothing) LoadJSON() (any, error) { return nil, errNothing }

func (nothing) LoaderFactory() gojsonschema.JSONLoaderFactory { return nothing{} }
