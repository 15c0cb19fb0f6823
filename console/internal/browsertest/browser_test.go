package browsertest

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"github.com/idemkit/idem"
	"github.com/idemkit/idem/console"
	"github.com/idemkit/idem/httpapi"
	"github.com/idemkit/idem/internal/servicetest"
	"github.com/idemkit/idem/storage/memory"
)

var (
	startOnce sync.Once
	chromium  context.Context
	stop      = func() {}
)

func TestMain(m *testing.M) {
	// A test mostly waits for its page, so several run at once even on a small machine.
	flag.Parse()
	if atOnce := flag.Lookup("test.parallel"); atOnce.Value.String() == fmt.Sprint(goruntime.GOMAXPROCS(0)) {
		if err := atOnce.Value.Set(fmt.Sprint(2 * goruntime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

// start starts the one Chromium of all tests.
func start(t testing.TB) {
	t.Helper()
	path, noSandbox := servicetest.Chromium(t)
	startOnce.Do(func() {
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("lang", "en-US"))
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

// site is a console that is served.
type site struct {
	manager *idem.Manager
	server  *httptest.Server
	handler *console.Handler
	url     string // of the console, with a slash at its end
}

// mounts are the ways to mount the console that applications use.
var mounts = map[string]func(h *console.Handler) (http.Handler, string){
	"root": func(h *console.Handler) (http.Handler, string) { return h, "/" },
	"prefix of net/http": func(h *console.Handler) (http.Handler, string) {
		mux := http.NewServeMux()
		mux.Handle("/tools/console/", http.StripPrefix("/tools/console", h))
		return mux, "/tools/console/"
	},
	"prefix of chi": func(h *console.Handler) (http.Handler, string) {
		router := chi.NewRouter()
		router.Handle("/admin/*", h)
		return router, "/admin/"
	},
}

func newSite(t testing.TB, manager *idem.Manager, mount string, authorize func(*http.Request) error, more ...console.Option) *site {
	if authorize == nil {
		authorize = httpapi.AllowAll
	}
	options := append(more, console.WithActor(func(*http.Request) string { return "admin:test" }))
	if mount == "prefix of chi" {
		options = append(options, console.WithPathPrefix("/admin"))
	}
	s := &site{manager: manager, handler: console.New(manager, authorize, options...)}
	handler, path := mounts[mount](s.handler)
	s.server = httptest.NewServer(handler)
	s.url = s.server.URL + path
	t.Cleanup(func() {
		s.handler.EndStreams()
		s.server.Close()
	})
	return s
}

func memorySite(t testing.TB, people int) *site {
	manager := newManager(t, memory.New())
	if people > 0 {
		seed(t, manager, people)
	}
	return newSite(t, manager, "prefix of net/http", nil)
}

// tab is a page of the browser that fails its test for what no page may do.
type tab struct {
	t       testing.TB
	ctx     context.Context
	audited bool // whether axe-core looks at its pages

	mu      sync.Mutex
	faults  []string
	dialogs int // that asked whether to leave a page
}

// newTab opens a page in a profile of its own, which may load nothing but what is on the hosts of the addresses.
func newTab(t testing.TB, s *site, foreign ...string) *tab {
	t.Helper()
	start(t)
	hosts := make(map[string]bool)
	for _, address := range append(foreign, s.url) {
		u, err := url.Parse(address)
		require.NoError(t, err)
		hosts[u.Host] = true
	}
	b := &tab{t: t}
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext(), chromedp.WithListener(func(event any) { b.watch(event, hosts) }))
	b.ctx = ctx
	b.run()
	call(b, log.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	call(b, runtime.Enable, cdp.Empty{})
	call(b, page.Enable, page.EnableParams{})
	call(b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Vienna"})
	t.Cleanup(func() {
		b.check()
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

// watch notes what no page may do.
func (b *tab) watch(event any, hosts map[string]bool) {
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// That a page answers with 4xx is what some tests are about.
		if e.Entry.Level == log.EntryLevelError && !strings.Contains(e.Entry.Text, "the server responded with a status of 4") {
			b.fault("log: %s %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		b.fault("console: %s %v", e.Type, e.Args)
	case *runtime.EventExceptionThrown:
		b.fault("exception: %s", e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Scheme != "data" && !hosts[u.Host] {
			b.fault("request to another host: %s", e.Request.URL)
		}
	case *page.EventJavascriptDialogOpening:
		if e.Type != page.DialogTypeBeforeunload {
			b.fault("dialog: %s", e.Message)
		}
		b.mu.Lock()
		b.dialogs++
		b.mu.Unlock()
		go func() {
			_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	}
}

func (b *tab) fault(format string, values ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, fmt.Sprintf(format, values...))
}

func (b *tab) check() {
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.faults, "what no page may do")
}

// patience is how long a step may take: tests may share a slow machine.
const patience = 30 * time.Second

func (b *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if len(steps) == 0 {
		require.NoError(b.t, chromedp.Do(b.ctx)) // without a deadline, which would end the page
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	require.NoError(b.t, chromedp.Do(ctx, steps...))
}

func (b *tab) open(address string) { b.t.Helper(); b.run(chromedp.Navigate(address)) }

// eval returns the value of an expression of JavaScript.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return value
}

// text is all that the page shows.
func (b *tab) text() string { b.t.Helper(); return eval[string](b, "document.body.innerText") }

// fill types a value into a control, in place of what it holds.
func (b *tab) fill(selector, value string) {
	b.t.Helper()
	found := eval[bool](b, fmt.Sprintf(`(() => {
		const control = document.querySelector(%q);
		if (!control) return false;
		control.focus();
		control.value = %q;
		control.dispatchEvent(new Event("input", {bubbles: true}));
		return true;
	})()`, selector, value))
	require.True(b.t, found, selector)
}

// evaluateVoid runs JavaScript for what it does.
func evaluateVoid(expression string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Evaluate[*runtime.RemoteObject](expression)(ctx, target)
		return chromedp.Void{}, err
	}
}

// press presses a key.
func (b *tab) press(keys string) { b.t.Helper(); b.run(chromedp.KeyEvent(keys)) }

// named is the selector of the control of that name.
func named(name string) string { return fmt.Sprintf("[name=%q]", name) }

// submit presses a button and waits for the page that comes.
func (b *tab) submit(selector string) {
	b.t.Helper()
	b.leaving(selector, chromedp.Click(chromedp.CSS(selector)))
}

// choose chooses an option of a list that applies at once, and waits for the page that comes.
func (b *tab) choose(selector, value string) {
	b.t.Helper()
	b.leaving(selector, evaluateVoid(fmt.Sprintf(`(() => {
		const list = document.querySelector(%q);
		list.value = %q;
		list.dispatchEvent(new Event("change", {bubbles: true}));
	})()`, selector, value)))
}

// leaving does what leads to another page, and waits for it.
func (b *tab) leaving(what string, step chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	loaded := chromedp.Events(ctx, page.LoadEventFired)
	require.NoError(b.t, chromedp.Do(ctx, step), what)
	for _, err := range loaded {
		require.NoError(b.t, err, what)
		return
	}
	require.Fail(b.t, "no page came", what)
}

// size sets the width of the window, in CSS pixels.
func (b *tab) size(width, height int64) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
}

// scheme sets the colour scheme that the reader prefers.
func (b *tab) scheme(scheme string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

// noScript turns JavaScript off, as far as pages are concerned.
func (b *tab) noScript() {
	b.t.Helper()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// screenshots are kept where IDEM_SCREENSHOTS says, else nowhere.
var screenshots = os.Getenv("IDEM_SCREENSHOTS")

func (b *tab) screenshot(name string) {
	b.t.Helper()
	if screenshots != "" { // a picture of a whole page takes long
		b.picture(name, chromedp.FullScreenshot(100))
	}
}

// screenshotOf is screenshot of the upper part of a page.
func (b *tab) screenshotOf(name string, width, height int64) {
	b.t.Helper()
	b.size(width, height)
	b.picture(name, chromedp.CaptureScreenshot())
}

func (b *tab) picture(name string, take chromedp.Action[[]byte]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, take)
	require.NoError(b.t, err)
	require.NotEmpty(b.t, picture)
	if screenshots != "" {
		require.NoError(b.t, os.MkdirAll(screenshots, 0o755))
		require.NoError(b.t, os.WriteFile(filepath.Join(screenshots, name+".png"), picture, 0o644))
	}
}
