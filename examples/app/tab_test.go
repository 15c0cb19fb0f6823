package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem/internal/servicetest"
)

var (
	startOnce sync.Once
	chromium  context.Context
	stop      = func() {}
)

func TestMain(m *testing.M) {
	code := m.Run()
	stop()
	os.Exit(code)
}

// start starts the one Chromium of all tests.
func start(t testing.TB) {
	t.Helper()
	path, noSandbox := servicetest.Chromium(t)
	startOnce.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("lang", "en-US"))
		if noSandbox {
			options = append(options, chromedp.NoSandbox)
		}
		allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, cancel := chromedp.NewContext(allocator)
		stop = func() { cancel(); stopAllocator() }
		chromium = ctx
		require.NoError(t, chromedp.Do(ctx))
	})
}

// patience is how long a step may take: tests may share a slow machine.
const patience = 30 * time.Second

// tab is a browser of its own, with cookies of its own, that fails its test for what no page may do.
type tab struct {
	t    testing.TB
	ctx  context.Context
	site *site

	mu     sync.Mutex
	faults []string
}

func (s *site) tab(t testing.TB) *tab {
	t.Helper()
	start(t)
	b := &tab{t: t, site: s}
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.watch))
	b.ctx = ctx
	require.NoError(t, chromedp.Do(ctx)) // without a deadline, which would end the page
	call(b, log.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	call(b, runtime.Enable, cdp.Empty{})
	call(b, page.Enable, page.EnableParams{})
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		require.Empty(t, b.faults, "what no page may do")
		cancel()
	})
	return b
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	require.NoError(b.t, err)
	return result
}

// watch notes what no page may do: break the content security policy, throw, or ask another host.
func (b *tab) watch(event any) {
	fault := ""
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// That a page answers with 4xx is what some tests are about.
		if e.Entry.Level == log.EntryLevelError && !strings.Contains(e.Entry.Text, "the server responded with a status of 4") {
			fault = fmt.Sprintf("log: %s %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		fault = "exception: " + e.ExceptionDetails.Text
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || !strings.HasPrefix(e.Request.URL, b.site.url) && !strings.HasPrefix(e.Request.URL, b.site.issuer.server.URL) && u.Scheme != "data" {
			fault = "request to another host: " + e.Request.URL
		}
	}
	if fault != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.faults = append(b.faults, fault)
	}
}

func (b *tab) open(path string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, chromedp.Navigate(b.site.url+path)))
}

// eval returns the value of an expression of JavaScript.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return value
}

func (b *tab) path() string { b.t.Helper(); return eval[string](b, "location.pathname") }

// text is all that the page shows.
func (b *tab) text() string { b.t.Helper(); return eval[string](b, "document.body.innerText") }

// sees waits for a text on the page.
func (b *tab) sees(text string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool { return strings.Contains(b.text(), text) }, patience, 10*time.Millisecond, text)
}

// click presses a button that may leave the page as it is.
func (b *tab) click(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))), selector)
}

// press presses a button and waits for the page that comes.
func (b *tab) press(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	loaded := chromedp.Events(ctx, page.LoadEventFired)
	require.NoError(b.t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector))), selector)
	for _, err := range loaded {
		require.NoError(b.t, err, selector)
		return
	}
	require.Fail(b.t, "no page came", selector)
}

// send fills the form at action with names and values, and sends it by its button.
func (b *tab) send(action string, fields ...string) {
	b.t.Helper()
	form := fmt.Sprintf("form[action=%q]", action)
	for n := 0; n < len(fields); n += 2 {
		selector := fmt.Sprintf("%s [name=%q]", form, fields[n])
		filled := eval[bool](b, fmt.Sprintf(`(() => { const control = document.querySelector(%q); control?.focus(); if (control) control.value = %q; return !!control })()`, selector, fields[n+1]))
		require.True(b.t, filled, selector)
	}
	b.press(form + " button")
}

// signUp makes an account with a verified address, and leaves the browser at the page to sign in.
func (b *tab) signUp(email string) {
	b.t.Helper()
	b.open("/sign-up")
	b.send("/sign-up", "name", "Ada", "email", email, "password", password)
	require.Equal(b.t, "/verify", b.path())
	b.send("/verify", "code", b.site.mail.code(b.t, email))
	b.sees("The address is verified.")
}

func (b *tab) signIn(email, password string) {
	b.t.Helper()
	b.open("/sign-in")
	b.send("/sign-in", "email", email, "password", password)
}

// authenticator gives the browser one that verifies its owner and keeps passkeys, as telephones have.
func (b *tab) authenticator() webauthn.AuthenticatorID {
	b.t.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})
	return call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}).AuthenticatorID
}
