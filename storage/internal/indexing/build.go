package indexing

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/idemkit/idem/query"
)

const (
	// BuiltAtOnce is how many identities a step adds to an index. Other writers wait for as
	// long as that takes at most.
	BuiltAtOnce = 250
	// DroppedAtOnce is how many rows of a dropped index a step deletes.
	DroppedAtOnce = 2000

	logInterval = 5 * time.Second
)

// Builder are the steps in which a store makes and removes indexes, each in a transaction
// of its own. Several processes may take them at once.
type Builder interface {
	// Declare records the indexes that Plan returns for paths and what is recorded.
	Declare(ctx context.Context, paths []string) error
	// Unfinished returns an index in StateBuilding or StateDropped, nil if there is none.
	Unfinished(ctx context.Context) (*Record, error)
	// Build adds identities to an index that is being built. It is done if the index is
	// complete then, or another process has dropped it.
	Build(ctx context.Context, number int64) (added int, done bool, err error)
	// Clean deletes rows of a dropped index. It is done if there were no more, and then it
	// has deleted the record.
	Clean(ctx context.Context, number int64) (done bool, err error)
}

// Plan returns which indexes must be dropped and which paths declared so that paths, and
// what is declared already, have indexes of this edition of Unicode.
func Plan(records []Record, paths []string) (drop []Record, add []string) {
	var kept []string
	for _, r := range records {
		switch {
		case r.State == StateDropped:
		case r.State == StateStale || r.FoldVersion != query.FoldVersion:
			drop, add = append(drop, r), append(add, r.Path)
		default:
			kept = append(kept, r.Path)
		}
	}
	for _, path := range paths {
		if !slices.Contains(kept, path) && !slices.Contains(add, path) {
			add = append(add, path)
		}
	}
	return drop, add
}

// Open declares indexes, and completes what is not complete, also what another process
// began.
func Open(ctx context.Context, b Builder, logger *slog.Logger, paths []string) error {
	if err := b.Declare(ctx, paths); err != nil {
		return err
	}
	for {
		next, err := b.Unfinished(ctx)
		switch {
		case err != nil || next == nil:
			return err
		case next.State == StateDropped:
			err = Clean(ctx, b, next.Number)
		default:
			err = build(ctx, b, logger, *next)
		}
		if err != nil {
			return err
		}
	}
}

// Clean deletes all rows of a dropped index, and then its record.
func Clean(ctx context.Context, b Builder, number int64) error {
	for {
		if done, err := b.Clean(ctx, number); done || err != nil {
			return err
		}
	}
}

func build(ctx context.Context, b Builder, logger *slog.Logger, index Record) error {
	name := index.Path
	if name == SearchPath {
		name = "search"
	}
	total, begun, told := 0, time.Now(), time.Now()
	for done := false; !done; {
		added, now, err := b.Build(ctx, index.Number)
		if err != nil {
			return err
		}
		total, done = total+added, now
		if done || time.Since(told) >= logInterval {
			told = time.Now()
			logger.LogAttrs(ctx, slog.LevelInfo, "building an index", slog.String("index", name), slog.Int("identities", total),
				slog.Bool("complete", done), slog.Duration("time", time.Since(begun)))
		}
	}
	return nil
}
