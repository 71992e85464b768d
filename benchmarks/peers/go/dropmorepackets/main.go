// Command agent does both jobs of benchmarks/load/traffic.ts on github.com/dropmorepackets/haproxy-go.
package main

import (
	"context"
	"net"

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

func main() {
	job.Serve(func(l net.Listener) error {
		return (&spop.Agent{Handler: spop.HandlerFunc(handle)}).Serve(l)
	})
}
