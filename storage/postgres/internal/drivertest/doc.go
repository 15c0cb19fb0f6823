// Package drivertest holds, in a module of its own, the tests of package postgres: they need
// a server and drivers, which programs that import idem need not have. CONTRIBUTING.md says
// how to start the server.
package drivertest
