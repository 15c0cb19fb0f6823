// Package finder finds the identities that a query selects, in its order, for every store
// alike. A store tells it which few identities may match, where it knows, and else gives it
// all, in the order of their ids; [storage.Filter.Matches] decides.
//
// A list reads in steps, each of which may see another moment. So it holds no lock and no
// transaction for long, and every identity is looked at as it is when the page takes it.
package finder

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/idemkit/idem/identity"
	"github.com/idemkit/idem/query"
	"github.com/idemkit/idem/storage"
	"github.com/idemkit/idem/storage/internal/pager"
)

// Store is what a store does for a list. Identities that it passes on must not be modified.
type Store interface {
	// Walk calls yield with identities in the order of their ids, until it returns false.
	Walk(ctx context.Context, w Walk, yield func(*identity.Identity) bool) error
	// Get calls yield with the identities that have these ids, in the order of ids, until it
	// returns false. If full is false they may be without their credentials.
	Get(ctx context.Context, ids []uuid.UUID, full bool, yield func(*identity.Identity) bool) error
	// Count returns how many identities there are, or how many of an organization.
	Count(ctx context.Context, organization uuid.NullUUID) (int, error)
	// Owners returns the ids of the identities that have one of claims, in any order.
	Owners(ctx context.Context, claims []storage.Claim) ([]uuid.UUID, error)
	// Prefixed returns what reads the ids of the identities that have an identifier of one of
	// these types that begins with the value, nil if the store has no index for that.
	Prefixed(prefixes []storage.Identifier) Source
}

// Indexed is a [Store] that has declared indexes.
type Indexed interface {
	Store
	// HasIndex reports whether there is an index of the values at path.
	HasIndex(path string) bool
	// Ranged returns what reads the identities with a key in one of ranges of the index.
	Ranged(path string, ranges []Range) Source
	// Entries returns rows of the index, in the order of key and id or the reverse of it.
	Entries(ctx context.Context, path string, s Scan) ([]Entry, error)
	// Searched returns what reads the identities whose text has all needles in it, which are at
	// least three code points long, nil if there is no index for that.
	Searched(needles []string) Source
}

// Range is a range of keys.
type Range struct{ From, To []byte } // from the first to before the second

// Entry is a row of an index: that an identity has a key.
type Entry struct {
	Key []byte
	ID  uuid.UUID
}

// Scan says which rows of an index [Indexed.Entries] returns: those behind After in its
// direction.
type Scan struct {
	After      Entry // may be of no row; with the nil id, it is less than all rows of its key
	Key        bool  // only those with the key of After, in the order of their ids
	Descending bool
	Limit      int
}

// Walk says which identities [Store.Walk] passes on.
type Walk struct {
	Organization uuid.NullUUID // if Valid, only those of this organization
	After        uuid.UUID     // not those up to and including this id
	Offset       int           // not that many more
	Limit        int           // at most that many
	Full         bool          // with their credentials
	Lent         bool          // they are not needed after the call of yield
}

// Source reads ids of identities that may match, among which are all that do.
type Source interface {
	// Next returns up to limit more ids, in any order and some perhaps twice, and whether
	// there are none after them.
	Next(ctx context.Context, limit int) (ids []uuid.UUID, done bool, err error)
}

// List returns a page.
func List(ctx context.Context, s Store, q storage.Query) (storage.Page, error) {
	if q.Filter.Where.Err() != nil {
		return storage.Page{}, nil
	}
	l := &list{
		decider: decider{ctx: ctx, filter: q.Filter}, store: s, query: q, page: pager.New(q), skip: max(q.Offset, 0),
		full: !q.OmitCredentials || q.Filter.ReadsCredentials() || q.Sort.ReadsCredentials(),
	}
	var err error
	if q.Sort.IsZero() {
		err = l.byID(ctx)
	} else {
		l.after = q.After
		err = l.sorted(ctx)
	}
	if err = cmp.Or(err, l.err); err != nil {
		return storage.Page{}, err
	}
	return l.page.Page(), nil
}

// Visit is List for a store that need not copy what goes to the Visit of q. It passes identities on where a walk alone
// selects them; any other list returns them.
func Visit(ctx context.Context, s Store, q storage.Query) (storage.Page, error) {
	if q.Visit == nil || !isWalk(q.Filter) || !q.Sort.IsZero() {
		return List(ctx, s, q)
	}
	page := pager.NewVisit(q)
	err := s.Walk(ctx, Walk{
		Organization: selectedOrganization(q.Filter), After: q.After.ID, Offset: max(q.Offset, 0), Limit: pager.Limit(q) + 1,
		Full: !q.OmitCredentials, Lent: true,
	}, page.Add)
	if err != nil {
		return storage.Page{}, err
	}
	return page.Page(), nil
}

// decider decides which identities match, until its context ends. Then none does, and it
// has an error.
type decider struct {
	ctx    context.Context
	filter storage.Filter
	err    error
}

func (d *decider) matches(i *identity.Identity) (matched bool) {
	if d.err == nil {
		matched, d.err = d.filter.MatchesContext(d.ctx, i)
	}
	return matched
}

// list is a list under way.
type list struct {
	decider
	store Store
	query storage.Query
	page  *pager.Pager
	skip  int // how many matches to leave out before the page begins
	full  bool
	// Of a sorted list: the position behind which the list goes on, and who is in the page.
	after  query.Position
	listed map[uuid.UUID]bool
}

// add puts i into the page if it matches. It returns false if the page is complete, or l has
// an error.
func (l *list) add(i *identity.Identity) bool {
	if !l.matches(i) {
		return l.err == nil
	}
	if l.skip > 0 {
		l.skip--
		return true
	}
	return l.page.Add(i)
}

// byID fills a page in the order of the ids.
func (l *list) byID(ctx context.Context) error {
	f := l.query.Filter
	walk := Walk{Organization: selectedOrganization(f), After: l.query.After.ID, Full: l.full}
	if isWalk(f) {
		walk.Offset, l.skip = l.skip, 0
		walk.Limit = pager.Limit(l.query) + 1 // one more than fit tells whether there are more
		return l.store.Walk(ctx, walk, l.page.Add)
	}
	few, sources, err := narrow(ctx, l.store, f)
	if err != nil {
		return err
	}
	if few != nil {
		return l.addByID(ctx, few, walk.After)
	}
	if equal, ok := equalities(l.store, f); ok {
		return l.race(ctx, &walkOfKey{list: l, equal: equal, after: walk.After}, sources)
	}
	return l.race(ctx, &walkOfAll{list: l, walk: walk}, sources)
}

// addByID fills the page with identities whose ids come after an id.
func (l *list) addByID(ctx context.Context, ids []uuid.UUID, after uuid.UUID) error {
	ids = sortIDs(ids)
	start, found := slices.BinarySearchFunc(ids, after, compareIDs)
	if found {
		start++
	}
	_, err := getAll(ctx, l.store, ids[start:], l.full, l.add)
	return err
}

// getAll calls yield with the identities that have these ids, in their order. It reports
// whether yield never returned false.
func getAll(ctx context.Context, s Store, ids []uuid.UUID, full bool, yield func(*identity.Identity) bool) (all bool, err error) {
	all = true
	for some := range slices.Chunk(ids, getStep) {
		err := s.Get(ctx, some, full, func(i *identity.Identity) bool {
			all = yield(i)
			return all
		})
		if err != nil || !all {
			return all, err
		}
	}
	return all, nil
}

const (
	firstStep = 256  // how many identities the first step of a walk reads at most
	walkStep  = 4096 // and any other
	getStep   = 128  // how many are asked for by id at once
	// idsPerIdentity is how many ids of a source are read in the time of one identity.
	idsPerIdentity = 8
	// rowsPerIdentity is how many rows of an index the store counts in that time.
	rowsPerIdentity = 64
)

// walker passes on identities in the order of the list, among which are all that match.
type walker interface {
	// next adds those of the next identities that match to the page. It is done if the page is
	// complete or there are no more.
	next(ctx context.Context, step int) (done bool, err error)
	// rest adds those of ids that match and come after those that were passed on.
	rest(ctx context.Context, ids []uuid.UUID) error
}

// FindsAll is implemented by a [Source] that finds all ids before it returns the first.
type FindsAll interface{ FindsAll() }

// walkerByID is a walker in the order of the ids.
type walkerByID interface {
	walker
	// at returns the last id that was passed on.
	at() uuid.UUID
}

// race fills a page by walking, and beside that collects the ids of each source. Where many
// identities match, the walk fills the page soon; where few do, a source ends soon. What
// comes first decides. The steps of both double, so that the loser costs no more than a
// multiple of the winner. A source that finds all ids first has its turn after the walk.
func (l *list) race(ctx context.Context, walk walker, sources []Source) error {
	byID, _ := walk.(walkerByID)
	var before, after []*collecting
	var ranges []*ranged
	for _, source := range sources {
		r, isRanged := source.(*ranged)
		switch _, findsAll := source.(FindsAll); {
		case isRanged && byID != nil && len(r.ranges) == 1:
			ranges = append(ranges, r)
		case findsAll:
			after = append(after, &collecting{source: source})
		default:
			before = append(before, &collecting{source: source})
		}
	}
	for step := min(firstStep, pager.Limit(l.query)+1); ; step = min(2*step, walkStep) {
		for _, r := range ranges {
			few, err := r.few(ctx, step*rowsPerIdentity)
			if err != nil {
				return err
			}
			if few {
				return l.rangeByID(ctx, r, byID.at(), step)
			}
		}
		if few, err := collectFrom(ctx, before, step); err != nil || few != nil {
			return restOf(ctx, walk, few, err)
		}
		if done, err := walk.next(ctx, step); done || err != nil {
			return err
		}
		if few, err := collectFrom(ctx, after, step); err != nil || few != nil {
			return restOf(ctx, walk, few, err)
		}
	}
}

// rangeByID fills the page with the identities of a range that come after an id. The store
// sorts the few rows of the range, which takes less than to read them.
func (l *list) rangeByID(ctx context.Context, r *ranged, after uuid.UUID, step int) error {
	for {
		ids, err := r.reader.Sorted(ctx, r.ranges[0], after, step)
		if err != nil || len(ids) == 0 {
			return err
		}
		last := len(ids) < step
		after = ids[len(ids)-1]
		if more, err := getAll(ctx, l.store, slices.Compact(ids), l.full, l.add); !more || last || err != nil {
			return err
		}
		step = min(2*step, walkStep)
	}
}

func restOf(ctx context.Context, walk walker, few []uuid.UUID, err error) error {
	if err != nil {
		return err
	}
	return walk.rest(ctx, few)
}

// collecting is a source and what it has returned.
type collecting struct {
	source Source
	ids    []uuid.UUID
}

// collectFrom takes a step with each source. It returns all ids of one that ends, not nil.
func collectFrom(ctx context.Context, sources []*collecting, step int) ([]uuid.UUID, error) {
	for _, s := range sources {
		ids, done, err := s.source.Next(ctx, step*idsPerIdentity)
		if err != nil {
			return nil, err
		}
		if s.ids = append(s.ids, ids...); done {
			return append([]uuid.UUID{}, s.ids...), nil
		}
	}
	return nil, nil
}

// walkOfAll walks over all identities, in the order of their ids.
type walkOfAll struct {
	list *list
	walk Walk
}

func (w *walkOfAll) next(ctx context.Context, step int) (done bool, err error) {
	w.walk.Limit = step
	read := 0
	err = w.list.store.Walk(ctx, w.walk, func(i *identity.Identity) bool {
		read, w.walk.After = read+1, i.ID
		done = !w.list.add(i)
		return !done
	})
	return done || read < step, err
}

func (w *walkOfAll) at() uuid.UUID { return w.walk.After }

func (w *walkOfAll) rest(ctx context.Context, ids []uuid.UUID) error {
	return w.list.addByID(ctx, ids, w.walk.After)
}

// walkOfKey walks over the identities that have one key of an index, in the order of their
// ids.
type walkOfKey struct {
	list  *list
	equal equality
	after uuid.UUID
}

func (w *walkOfKey) next(ctx context.Context, step int) (done bool, err error) {
	scan := Scan{After: Entry{w.equal.key, w.after}, Key: true, Limit: step}
	entries, err := w.list.store.(Indexed).Entries(ctx, w.equal.path, scan)
	if err != nil || len(entries) == 0 {
		return true, err
	}
	ids := make([]uuid.UUID, len(entries))
	for n, e := range entries {
		ids[n] = e.ID
	}
	w.after = ids[len(ids)-1]
	more, err := getAll(ctx, w.list.store, ids, w.list.full, w.list.add)
	return !more || len(entries) < step, err
}

func (w *walkOfKey) at() uuid.UUID { return w.after }

func (w *walkOfKey) rest(ctx context.Context, ids []uuid.UUID) error {
	return w.list.addByID(ctx, ids, w.after)
}

// Count returns how many identities match.
func Count(ctx context.Context, s Store, f storage.Filter) (count int, err error) {
	if f.Where.Err() != nil {
		return 0, nil
	}
	if isWalk(f) {
		return s.Count(ctx, f.OrganizationID)
	}
	if ids, exact, err := owners(ctx, s, f); exact || err != nil {
		return len(sortIDs(ids)), err
	}
	d := &decider{ctx: ctx, filter: f}
	err = each(ctx, s, f, f.ReadsCredentials(), func(i *identity.Identity) bool {
		if d.matches(i) {
			count++
		}
		return d.err == nil
	})
	return count, cmp.Or(err, d.err)
}

// owners returns the ids of all that match where the claims of the identities tell, which
// are exact.
func owners(ctx context.Context, s Store, f storage.Filter) (ids []uuid.UUID, exact bool, err error) {
	rest := f
	rest.Identifiers, rest.Prefixes = nil, nil
	if !isWalk(rest) || rest.OrganizationID.Valid || f.Identifiers != nil && f.Prefixes != nil {
		return nil, false, nil
	}
	if f.Identifiers != nil {
		ids, err = s.Owners(ctx, claimsOf(f.Identifiers))
		return ids, err == nil, err
	}
	source := s.Prefixed(f.Prefixes)
	if source == nil {
		return nil, false, nil
	}
	ids, err = collect(ctx, []Source{source})
	return ids, err == nil, err
}

// each calls yield, until it returns false, with identities among which are all that match
// f, each once, in no order.
func each(ctx context.Context, s Store, f storage.Filter, full bool, yield func(*identity.Identity) bool) error {
	ids, sources, err := narrow(ctx, s, f)
	if err != nil {
		return err
	}
	if ids == nil && len(sources) > 0 {
		if ids, err = collect(ctx, sources); err != nil {
			return err
		}
	}
	if ids == nil {
		return eachOfAll(ctx, s, f, full, yield)
	}
	_, err = getAll(ctx, s, sortIDs(ids), full, yield)
	return err
}

// collect returns the ids of the source that ends first.
func collect(ctx context.Context, sources []Source) ([]uuid.UUID, error) {
	all := make([]*collecting, len(sources))
	for n, source := range sources {
		all[n] = &collecting{source: source}
	}
	for {
		if ids, err := collectFrom(ctx, all, walkStep/idsPerIdentity); ids != nil || err != nil {
			return ids, err
		}
	}
}

// eachOfAll calls yield with all identities, until it returns false.
func eachOfAll(ctx context.Context, s Store, f storage.Filter, full bool, yield func(*identity.Identity) bool) error {
	walk := Walk{Organization: selectedOrganization(f), Limit: walkStep, Full: full}
	for {
		read, more := 0, true
		err := s.Walk(ctx, walk, func(i *identity.Identity) bool {
			read, walk.After = read+1, i.ID
			more = yield(i)
			return more
		})
		if err != nil || !more || read < walk.Limit {
			return err
		}
	}
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// sortIDs sorts ids in place and returns each once.
func sortIDs(ids []uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, compareIDs)
	return slices.Compact(ids)
}

// isWalk reports whether a walk alone selects what f does.
func isWalk(f storage.Filter) bool {
	return f.IDs == nil && f.Identifiers == nil && f.Prefixes == nil && f.Where.IsZero() && f.Search.IsZero()
}
