// Command agent does both jobs of benchmarks/load/traffic.ts on github.com/negasus/haproxy-spoe-go.
package main

import (
	"net"

	"github.com/negasus/haproxy-spoe-go/action"
	"github.com/negasus/haproxy-spoe-go/agent"
	"github.com/negasus/haproxy-spoe-go/logger"
	"github.com/negasus/haproxy-spoe-go/message"
	"github.com/negasus/haproxy-spoe-go/request"

	"job"
)

func read(messages *message.Messages) (score int64, found bool) {
	if m, err := messages.GetByName("check-client-ip"); err == nil {
		value, _ := m.KV.Get("ip")
		if ip, ok := value.(net.IP); ok {
			return int64(ip[len(ip)-1]), true
		}
		return 0, false
	}
	m, err := messages.GetByName("check-request")
	if err != nil {
		return 0, false
	}
	for _, name := range []string{"method", "path", "query", "headers", "host"} {
		value, _ := m.KV.Get(name)
		if text, ok := value.(string); ok {
			score += int64(len(text))
		}
	}
	value, _ := m.KV.Get("src")
	if ip, ok := value.(net.IP); ok {
		score += int64(ip[len(ip)-1])
	}
	value, _ = m.KV.Get("src_port")
	if port, ok := value.(int64); ok {
		score += port
	}
	value, _ = m.KV.Get("ssl")
	if ssl, ok := value.(bool); ok && ssl {
		score++
	}
	return score, true
}

func handle(req *request.Request) {
	if score, found := read(req.Messages); found {
		req.Actions.SetVar(action.ScopeSession, "ip_score", score)
	}
}

func main() {
	job.Serve(func(l net.Listener) error {
		return agent.New(handle, logger.NewNop()).Serve(l)
	})
}
