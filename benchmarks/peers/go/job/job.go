// Package job listens for the Go agents under measurement. Nothing here touches SPOP.
package job

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
)

// Serve listens on a free port of 127.0.0.1, prints it, and hands the listener to serve.
func Serve(serve func(net.Listener) error) {
	log.SetOutput(io.Discard)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
		err = serve(listener)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
