// Command agent does both jobs of benchmarks/load/traffic.ts on github.com/criteo/haproxy-spoe-go.
package main

import (
	"io"
	"net"
	"time"

	spoe "github.com/criteo/haproxy-spoe-go"
	"github.com/sirupsen/logrus"

	"job"
)

func read(messages *spoe.MessageIterator) (score int64, found bool) {
	for messages.Next() {
		m := messages.Message
		switch m.Name {
		case "check-client-ip":
			for m.Args.Next() {
				if ip, ok := m.Args.Arg.Value.(net.IP); ok && m.Args.Arg.Name == "ip" {
					score, found = int64(ip[len(ip)-1]), true
				}
			}
		case "check-request":
			found = true
			for m.Args.Next() {
				switch value := m.Args.Arg.Value.(type) {
				case string:
					score += int64(len(value))
				case net.IP:
					score += int64(value[len(value)-1])
				case int:
					score += int64(value)
				case bool:
					if value {
						score++
					}
				}
			}
		}
	}
	return score, found
}

func handle(messages *spoe.MessageIterator) ([]spoe.Action, error) {
	score, found := read(messages)
	if !found {
		return nil, messages.Error()
	}
	return []spoe.Action{spoe.ActionSetVar{Name: "ip_score", Scope: spoe.VarScopeSession, Value: score}}, nil
}

func main() {
	logrus.SetOutput(io.Discard)
	job.Serve(func(l net.Listener) error {
		// The library's own times, except for idling: this agent idles while others are measured.
		return spoe.NewWithConfig(handle, spoe.Config{ReadTimeout: time.Second, WriteTimeout: time.Second, IdleTimeout: time.Minute}).Serve(l)
	})
}
