// Package differential holds package schema against another validator of JSON Schema. It has tests only.
package differential
