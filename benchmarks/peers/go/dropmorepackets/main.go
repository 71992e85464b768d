// Command agent does both jobs of benchmarks/load/traffic.ts on github.com/dropmorepackets/haproxy-go.
package main

import (
	"context"
	"net"
	"os"

	"github.com/dropmorepackets/haproxy-go/pkg/encoding"
	"github.com/dropmorepackets/haproxy-go/spop"

	"job"
)

var (
	checkClientIP = []byte("check-client-ip")
	checkRequest  = []byte("check-request")
)

func read(m *encoding.Message) (score int64, found bool) {
	k := encoding.AcquireKVEntry()
	defer encoding.ReleaseKVEntry(k)
	switch {
	case string(m.NameBytes()) == string(checkClientIP):
		for m.KV.Next(k) {
			if k.NameEquals("ip") && (k.Type() == encoding.DataTypeIPV4 || k.Type() == encoding.DataTypeIPV6) {
				address := k.ValueBytes()
				return int64(address[len(address)-1]), true
			}
		}
	case string(m.NameBytes()) == string(checkRequest):
		for m.KV.Next(k) {
			found = true
			switch {
			case k.NameEquals("method"), k.NameEquals("path"), k.NameEquals("query"), k.NameEquals("headers"), k.NameEquals("host"):
				score += int64(len(k.ValueBytes()))
			case k.NameEquals("src"):
				address := k.ValueBytes()
				score += int64(address[len(address)-1])
			case k.NameEquals("src_port"):
				score += k.ValueInt()
			case k.NameEquals("ssl"):
				if k.ValueBool() {
					score++
				}
			}
		}
	}
	return score, found
}

func handle(_ context.Context, w *encoding.ActionWriter, m *encoding.Message) {
	if score, found := read(m); found {
		_ = w.SetInt64(encoding.VarScopeSession, "ip_score", score)
	}
}

func decode(payload []byte) (score int64) {
	s := encoding.AcquireMessageScanner(payload)
	m := encoding.AcquireMessage()
	for s.Next(m) {
		score, _ = read(m)
		_ = m.KV.Discard()
	}
	encoding.ReleaseMessage(m)
	encoding.ReleaseMessageScanner(s)
	return score
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "codec" {
		for i, name := range []string{"decode tiny", "decode realistic"} {
			variants := job.Traffic(os.Args[2+i])
			job.Measure(name, func(i int) {
				v := variants[i%len(variants)]
				job.Expect(decode(v.Payload), v.Expected)
			})
		}
		buffer := make([]byte, 1024)
		job.Measure("encode", func(i int) {
			w := encoding.AcquireActionWriter(buffer, 0)
			_ = w.SetInt64(encoding.VarScopeSession, "ip_score", int64(i&255))
			encoding.ReleaseActionWriter(w)
		})
		return
	}
	job.Serve(func(l net.Listener) error {
		return (&spop.Agent{Handler: spop.HandlerFunc(handle)}).Serve(l)
	})
}
