package console

import "time"

// SetCountPatience sets how long counting people may take.
func (h *Handler) SetCountPatience(d time.Duration) { h.countPatience = d }
