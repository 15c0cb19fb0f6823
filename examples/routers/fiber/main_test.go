package main

import (
	"testing"

	"github.com/idemkit/idem/examples/routers/internal/mounttest"
)

func TestMount(t *testing.T) { mounttest.RunOn(t, serve) }
