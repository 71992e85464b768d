// Package job holds what the Go agents under measurement share: how they listen, how their codecs are timed, and the
// payloads to time them with. Nothing here touches SPOP.
package job

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// Serve listens on a free port of 127.0.0.1, says which, and hands the listener over.
func Serve(serve func(net.Listener) error) {
	log.SetOutput(io.Discard)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	if err := serve(listener); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Variant is one NOTIFY payload and the score that answers it.
type Variant struct {
	Payload  []byte
	Expected int64
}

// Traffic reads the file that benchmarks/load/traffic.ts writes.
func Traffic(path string) []Variant {
	data, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	variants := make([]Variant, binary.LittleEndian.Uint32(data))
	data = data[4:]
	for i := range variants {
		size := binary.LittleEndian.Uint32(data)
		variants[i] = Variant{Payload: data[8 : 8+size], Expected: int64(int32(binary.LittleEndian.Uint32(data[4:])))}
		data = data[8+size:]
	}
	return variants
}

// cpuTime is what all threads of the process have used, those of the garbage collector among them.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Measure runs an operation in Go's own benchmark loop and prints one line of JSON: CPU time and allocated bytes.
func Measure(name string, operation func(index int)) {
	testing.Init()
	_ = flag.Set("test.benchtime", "300ms")
	var used time.Duration
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		begun := cpuTime()
		for i := 0; i < b.N; i++ {
			operation(i)
		}
		used = cpuTime() - begun
	})
	line, _ := json.Marshal(map[string]any{
		"name":  name,
		"ns":    float64(used.Nanoseconds()) / float64(result.N),
		"bytes": result.AllocedBytesPerOp(),
	})
	fmt.Println(string(line))
}

// Expect stops where a decoder read something else than what was written: a wrong answer has no speed.
func Expect(score, expected int64) {
	if score != expected {
		fmt.Fprintf(os.Stderr, "read %d, expected %d\n", score, expected)
		os.Exit(1)
	}
}
