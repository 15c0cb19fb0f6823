package httpapi

import (
	"fmt"
	"log/slog"
)

// A Handler prints as a placeholder, for the reason that a Manager does.
const handlerPlaceholder = "[idem handler]"

// Format implements [fmt.Formatter] with a placeholder.
func (h *Handler) Format(f fmt.State, _ rune) { fmt.Fprint(f, handlerPlaceholder) }

// LogValue implements [slog.LogValuer] with a placeholder.
func (h *Handler) LogValue() slog.Value { return slog.StringValue(handlerPlaceholder) }
