package schema

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is remembered must be what normalising gives, also for numbers that share a slot and for many callers.
func TestPhoneMemo(t *testing.T) {
	memo := newPhoneMemo()
	texts := []string{"", "ada@example.com", "+", "+1234", "+1 (650) 253-0000", "+49 0176 67111638", "+16502530000 and more", "+٩٦٦٥٥١٢٣٤٥٦٧", "tel:+16502530000"}
	for n := range recentNumbers + recentNumbers/2 {
		texts = append(texts, fmt.Sprintf("+49176%08d", n))
	}
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for range 2 {
				for _, text := range texts {
					if got, want := memo.normalize(text), normalize(text); got != want {
						t.Errorf("%q: %v, not %v", text, got, want)
					}
				}
			}
		})
	}
	running.Wait()
	require.Zero(t, testing.AllocsPerRun(100, func() { memo.normalize(texts[len(texts)-1]) }), "a number that was just seen is parsed again")
}
