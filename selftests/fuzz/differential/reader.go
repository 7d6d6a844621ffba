// SPDX-License-Identifier: Apache-2.0

// The engine's side of the differential fuzzer: Go's own HTTP server, as an engine is made with. It reads
// what the mediator would forward on one connection, and compares each request with what the mediator
// judged. Told on standard input, answered on standard output: numbers are four bytes, little-endian,
// strings have their length before them. An answer is a string, empty where all is as it was judged.
//
// What is told: the bytes; how many requests; of each its method, request URI, decoded path, raw query,
// body, and how many fields, with name and value.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

type field struct{ name, value string }

type request struct {
	method, uri, path, query, body string
	fields                         []field
}

// A connection on which the bytes come, and what is written goes nowhere.
type connection struct {
	*bytes.Reader
	closed chan struct{}
	once   sync.Once // the server may close it from two places
}

type address struct{}

func (address) Network() string { return "unix" }
func (address) String() string  { return "@" }

func (c *connection) Write(p []byte) (int, error)      { return len(p), nil }
func (c *connection) Close() error                     { c.once.Do(func() { close(c.closed) }); return nil }
func (c *connection) LocalAddr() net.Addr              { return address{} }
func (c *connection) RemoteAddr() net.Addr             { return address{} }
func (c *connection) SetDeadline(time.Time) error      { return nil }
func (c *connection) SetReadDeadline(time.Time) error  { return nil }
func (c *connection) SetWriteDeadline(time.Time) error { return nil }

type listener chan net.Conn

func (l listener) Accept() (net.Conn, error) { return <-l, nil }
func (l listener) Close() error              { return nil }
func (l listener) Addr() net.Addr            { return address{} }

var (
	in       = bufio.NewReaderSize(os.Stdin, 1<<20)
	expected []request
	seen     int
	problem  string
)

func fail(err error) {
	if err != nil {
		os.Exit(0) // the fuzzer is gone
	}
}

func number() int {
	var n uint32
	fail(binary.Read(in, binary.LittleEndian, &n))
	return int(n)
}

func text() string {
	b := make([]byte, number())
	_, err := io.ReadFull(in, b)
	fail(err)
	return string(b)
}

// The fields that the server keeps in the header, sorted, as "Name: value".
func fieldsOf(h http.Header) []string {
	var all []string
	for name, values := range h {
		for _, value := range values {
			all = append(all, name+": "+value)
		}
	}
	sort.Strings(all)
	return all
}

func canonical(fields []field) []string {
	var all []string
	for _, f := range fields {
		all = append(all, http.CanonicalHeaderKey(f.name)+": "+f.value)
	}
	sort.Strings(all)
	return all
}

func compare(i int, r *http.Request, body []byte, err error) string {
	if i >= len(expected) {
		return fmt.Sprintf("a request that nobody judged: %s %s", r.Method, r.RequestURI)
	}
	want := expected[i]
	// The server's own fields, and those that the mediator writes about the connection.
	for _, name := range []string{"Content-Length", "Connection", "Upgrade"} {
		r.Header.Del(name)
	}
	got, wanted := strings.Join(fieldsOf(r.Header), "\n"), strings.Join(canonical(want.fields), "\n")
	switch {
	case err != nil:
		return fmt.Sprintf("request %d: its body: %v", i, err)
	case r.Method != want.method:
		return fmt.Sprintf("request %d: method %q, judged as %q", i, r.Method, want.method)
	case r.RequestURI != want.uri:
		return fmt.Sprintf("request %d: target %q, judged as %q", i, r.RequestURI, want.uri)
	case r.URL.Path != want.path:
		return fmt.Sprintf("request %d: path %q, judged as %q", i, r.URL.Path, want.path)
	case r.URL.RawQuery != want.query:
		return fmt.Sprintf("request %d: query %q, judged as %q", i, r.URL.RawQuery, want.query)
	case string(body) != want.body:
		return fmt.Sprintf("request %d: body %q, judged as %q", i, body, want.body)
	case len(r.Trailer) != 0:
		return fmt.Sprintf("request %d: trailers %v", i, r.Trailer)
	case got != wanted:
		return fmt.Sprintf("request %d: fields\n%s\njudged as\n%s", i, got, wanted)
	}
	return ""
}

func handle(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if problem == "" {
		problem = compare(seen, r, body, err)
	}
	seen++
}

func expectations() []request {
	all := make([]request, number())
	for i := range all {
		all[i] = request{method: text(), uri: text(), path: text(), query: text(), body: text()}
		all[i].fields = make([]field, number())
		for k := range all[i].fields {
			all[i].fields[k] = field{text(), text()}
		}
	}
	return all
}

func main() {
	connections := make(listener)
	server := &http.Server{Handler: http.HandlerFunc(handle), ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(connections)
	for {
		forwarded := text()
		expected, seen, problem = expectations(), 0, ""
		c := &connection{Reader: bytes.NewReader([]byte(forwarded)), closed: make(chan struct{})}
		connections <- c
		<-c.closed
		if problem == "" && seen != len(expected) {
			problem = fmt.Sprintf("%d requests, judged as %d", seen, len(expected))
		}
		binary.Write(os.Stdout, binary.LittleEndian, uint32(len(problem)))
		os.Stdout.WriteString(problem)
	}
}
