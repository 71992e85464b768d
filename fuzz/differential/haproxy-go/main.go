// Command decode reads KV-lists as lines of hexadecimal digits and prints what haproxy-go reads in them: for each item
// its name, type and value.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/dropmorepackets/haproxy-go/pkg/encoding"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	entry := encoding.AcquireKVEntry()
	for in.Scan() {
		list, err := hex.DecodeString(in.Text())
		if err != nil {
			panic(err)
		}
		scanner := encoding.NewKVScanner(list, -1)
		for scanner.Next(entry) {
			fmt.Fprintf(out, "%x:%d:%s ", entry.NameBytes(), entry.Type(), value(entry))
		}
		if err := scanner.Error(); err != nil {
			fmt.Fprintf(out, "error %v", err)
		}
		fmt.Fprintln(out)
	}
}

func value(entry *encoding.KVEntry) string {
	switch entry.Type() {
	case encoding.DataTypeNull:
		return ""
	case encoding.DataTypeBool:
		return fmt.Sprint(entry.ValueBool())
	case encoding.DataTypeInt32, encoding.DataTypeInt64, encoding.DataTypeUInt32, encoding.DataTypeUInt64:
		return fmt.Sprint(entry.ValueInt())
	default:
		return hex.EncodeToString(entry.ValueBytes())
	}
}
