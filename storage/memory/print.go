package memory

import (
	"fmt"
	"log/slog"
)

// A store prints as a placeholder: a stray %+v of something that has one must not put
// what it holds into a log, nor read it without its lock.
const placeholder = "[memory store]"

// Format implements [fmt.Formatter] with a placeholder.
func (s *Store) Format(f fmt.State, _ rune) { fmt.Fprint(f, placeholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (s *Store) LogValue() slog.Value { return slog.StringValue(placeholder) }
