// SPDX-License-Identifier: Apache-2.0

// A stand-in for an engine: Go's net/http, as a real one has it, on a unix socket, with a real one's
// header fields; a ping, a download and an upload.
//
// usage: engine SOCKET
package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
)

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func sign(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Api-Version", "1.51")
	h.Set("Docker-Experimental", "false")
	h.Set("Ostype", "linux")
	h.Set("Server", "Docker/28.5.2 (linux)")
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, r *http.Request) {
		sign(w)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Content-Length", "2")
		io.WriteString(w, "OK")
	})
	mux.HandleFunc("/containers/x/export", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.URL.Query().Get("bytes"), 10, 64)
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		sign(w)
		w.Header().Set("Content-Type", "application/x-tar")
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		io.CopyN(w, zeros{}, n)
	})
	mux.HandleFunc("/containers/x/archive", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		sign(w)
		w.Header().Set("Content-Length", "0")
	})
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	os.Chmod(os.Args[1], 0666)
	log.Fatal(http.Serve(listener, mux))
}
