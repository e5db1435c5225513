// A file server as one writes it in Go: the files of a directory, on a port of the kernel's choice. It ends with stdin.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	go func() {
		panic(http.Serve(listener, http.FileServer(http.Dir(os.Args[1]))))
	}()
	io.Copy(io.Discard, os.Stdin)
}
