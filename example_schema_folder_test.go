package idem_test

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"log"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/schema"
	"github.com/idemkit/idem/storage/memory"
)

// Two schemas are in the folder: default.schema.json and device.schema.json.
//
//go:embed testdata/schemas
var schemaFiles embed.FS

// An application keeps its schemas in a folder of its own, here one that is built into
// the program; os.DirFS is one on disk. Files are named after the schemas in them.
func ExampleNew_schemaFolder() {
	folder, err := fs.Sub(schemaFiles, "testdata/schemas")
	if err != nil {
		log.Fatal(err)
	}
	schemas, err := schema.FromFS(folder)
	if err != nil {
		log.Fatal(err)
	}
	manager, err := idem.New(memory.New(), schemas)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range manager.Schemas().All() {
		fmt.Println(s.ID())
	}

	device, err := manager.CreateIdentity(context.Background(), identity.Create{
		SchemaID: "device", Traits: json.RawMessage(`{"serial":"A113"}`),
	})
	fmt.Println(string(device.Traits), err)
	// Output:
	// default
	// device
	// {"serial":"A113"} <nil>
}
