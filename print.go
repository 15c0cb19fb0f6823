package idem

import (
	"fmt"
	"log/slog"
)

// A Manager prints as a placeholder: fmt would go through the fields that nobody else can
// see, down to what a store keeps.
const managerPlaceholder = "[idem manager]"

// Format implements [fmt.Formatter] with a placeholder.
func (m *Manager) Format(f fmt.State, _ rune) { fmt.Fprint(f, managerPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (m *Manager) LogValue() slog.Value { return slog.StringValue(managerPlaceholder) }
