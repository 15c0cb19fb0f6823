// Package browsertest drives the console in Chromium: every page and act, on several stores, under a prefix and at the
// root, with and without JavaScript. It is a module of its own, so that nobody who uses idem depends on a browser.
//
// The tests need Chromium, as internal/servicetest finds it, and axe-core, which "npm ci" in this folder installs.
package browsertest
