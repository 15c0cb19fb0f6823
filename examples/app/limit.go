package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/idemkit/idem/signin"
	"github.com/idemkit/idem/storage"
)

// Package signin limits attempts with passwords and codes. These are the limits of what is the application's own.
const (
	signUpsPerHour       = 20 // of a client; each costs a hash
	emailChangesPerDay   = 5  // of a member; each tells whether an address is taken
	googleSignUpsPerHour = 20
)

var errTooOften = errors.New("that was too often, try again later")

// limit counts an act of key, and returns errTooOften for more than most within a period. Counts are records of idem, so they
// hold for all processes and survive a restart.
func (a *app) limit(ctx context.Context, act, key string, most byte, period time.Duration) error {
	now, allowed := a.manager.Now(), false
	err := a.manager.UpdateRecord(ctx, a.desk.RecordKey("limit: "+act, []byte(key)), func(current *storage.Record) (*storage.Record, error) {
		next := &storage.Record{Value: []byte{1}, Expires: now.Add(period)}
		if current != nil {
			next.Value[0], next.Expires = current.Value[0]+1, current.Expires
		}
		if allowed = next.Value[0] <= most; !allowed {
			return current, nil
		}
		return next, nil
	})
	if err == nil && !allowed {
		err = errTooOften
	}
	return err
}

// clientOf returns the key of the client that sends a request: its address, or of IPv6 the network of a household. Behind a
// proxy this is the proxy; then take the address from the header that the proxy sets, and that it does not let clients set.
func clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address, err := netip.ParseAddr(host)
	if err != nil || address.Unmap().Is4() {
		return host
	}
	network, _ := address.WithZone("").Prefix(64)
	return network.String()
}

// attempt returns the context of an attempt to sign in or of a wish for a code, so that package signin counts by client
// too.
func attempt(r *http.Request) context.Context { return signin.WithClient(r.Context(), clientOf(r)) }
