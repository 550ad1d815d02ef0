// etcdload: the counterpart of holdfast_load for etcd. A closed loop of puts (or of transfers: one
// transaction with a comparison and two puts) over gRPC; prints one line of JSON with the same fields.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/etcd/clientv3"
)

const (
	clientsMax = 4096
	secondsMax = 600.0
	keys       = 10000
)

type options struct {
	endpoints      string
	mode           string
	clients, conns int
	warm, seconds  float64
	valueBytes     int
	timeout        time.Duration
	killAt         float64
	killPid        int
}

type record struct {
	latency []time.Duration
	at      []time.Duration // since measuring began
	errors  int64
}

func parse() options {
	var o options
	flag.StringVar(&o.endpoints, "endpoints", "127.0.0.1:2379", "comma-separated")
	flag.StringVar(&o.mode, "mode", "put", "put, or transfer: compare and two puts")
	flag.IntVar(&o.clients, "clients", 1, "requests in flight")
	flag.IntVar(&o.conns, "connections", 16, "shared by the clients")
	flag.Float64Var(&o.warm, "warm", 1, "seconds before measuring")
	flag.Float64Var(&o.seconds, "seconds", 5, "")
	flag.IntVar(&o.valueBytes, "value-bytes", 110, "about what a signed transfer has")
	flag.DurationVar(&o.timeout, "timeout", 2*time.Second, "of one request")
	flag.Float64Var(&o.killAt, "kill-at", 0, "seconds after measuring began")
	flag.IntVar(&o.killPid, "kill-pid", 0, "process to kill -9 then")
	flag.Parse()
	if o.clients < 1 || o.clients > clientsMax || o.seconds > secondsMax {
		fmt.Fprintln(os.Stderr, "etcdload: an argument is out of range")
		os.Exit(2)
	}
	return o
}

func connect(o options) []*clientv3.Client {
	count := o.conns
	if count > o.clients {
		count = o.clients
	}
	clients := make([]*clientv3.Client, count)
	for i := range clients {
		client, err := clientv3.New(clientv3.Config{
			Endpoints: strings.Split(o.endpoints, ","), DialTimeout: 5 * time.Second})
		if err != nil {
			fmt.Fprintln(os.Stderr, "etcdload:", err)
			os.Exit(1)
		}
		clients[i] = client
	}
	return clients
}

func account(random *rand.Rand) string { return fmt.Sprintf("account%08d", random.Intn(keys)) }

func operate(client *clientv3.Client, o options, random *rand.Rand, value string) error {
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	from := account(random)
	if o.mode == "put" {
		_, err := client.Put(ctx, from, value)
		return err
	}
	to := account(random)
	if to == from {
		to += "x"
	}
	_, err := client.Txn(ctx).If(clientv3.Compare(clientv3.Version(from), ">", -1)).
		Then(clientv3.OpPut(from, value), clientv3.OpPut(to, value)).Commit()
	return err
}

func run(o options) ([]record, float64, string) {
	connections := connect(o)
	records := make([]record, o.clients)
	measureFrom := time.Now().Add(time.Duration(o.warm * 1e9))
	measureUntil := measureFrom.Add(time.Duration(o.seconds * 1e9))
	value := strings.Repeat("v", o.valueBytes)
	var refusal atomic.Value
	refusal.Store("")
	var wait sync.WaitGroup
	for index := range records {
		wait.Add(1)
		go func(index int) {
			defer wait.Done()
			random := rand.New(rand.NewSource(int64(index) + 1))
			mine := &records[index]
			for {
				begun := time.Now()
				if !begun.Before(measureUntil) {
					return
				}
				err := operate(connections[index%len(connections)], o, random, value)
				now := time.Now()
				if err != nil {
					mine.errors++
					refusal.Store(err.Error())
					time.Sleep(2 * time.Millisecond)
					continue
				}
				if now.After(measureFrom) && now.Before(measureUntil) {
					mine.at = append(mine.at, now.Sub(measureFrom))
					if begun.After(measureFrom) {
						mine.latency = append(mine.latency, now.Sub(begun))
					}
				}
			}
		}(index)
	}
	killed := 0.0
	if o.killPid > 0 {
		time.Sleep(time.Until(measureFrom.Add(time.Duration(o.killAt * 1e9))))
		_ = syscall.Kill(o.killPid, syscall.SIGKILL)
		killed = time.Since(measureFrom).Seconds()
	}
	wait.Wait()
	return records, killed, refusal.Load().(string)
}

func quantile(sorted []time.Duration, share float64) int64 {
	if len(sorted) == 0 {
		return 0
	}
	index := int(share * float64(len(sorted)))
	if index >= len(sorted) {
		index = len(sorted) - 1
	}
	return sorted[index].Microseconds()
}

func main() {
	o := parse()
	records, killed, refusal := run(o)
	var latency, at []time.Duration
	var errors int64
	for _, each := range records {
		latency = append(latency, each.latency...)
		at = append(at, each.at...)
		errors += each.errors
	}
	sort.Slice(latency, func(i, j int) bool { return latency[i] < latency[j] })
	sort.Slice(at, func(i, j int) bool { return at[i] < at[j] })
	silence, previous := time.Duration(0), time.Duration(0)
	for _, each := range append(at, time.Duration(o.seconds*1e9)) {
		if each-previous > silence {
			silence = each - previous
		}
		previous = each
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"clients": o.clients, "acknowledged": len(at), "seconds": o.seconds,
		"per_second": float64(len(at)) / o.seconds,
		"p50_us":     quantile(latency, 0.5), "p90_us": quantile(latency, 0.9),
		"p99_us": quantile(latency, 0.99), "p999_us": quantile(latency, 0.999),
		"max_us": quantile(latency, 1), "longest_silence_ms": float64(silence.Microseconds()) / 1000,
		"errors": errors, "killed_at_s": killed, "last_refusal": refusal})
}
