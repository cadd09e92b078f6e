// SPDX-License-Identifier: MIT

// The same work in Go on cilium/ebpf: `reference raw|read|get|iterate|load OBJECT ROUNDS` prints nanoseconds a piece.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
)

const (
	pieces = 10000
	warmUp = 10
	// linux/bpf.h: BPF_F_SLEEPABLE, which the kernel wants of SEC("syscall") and this version leaves out.
	sleepable = 1 << 4
)

type sample struct {
	Time                  uint64
	Pid, Cpu, Kind, Flags uint32
	Comm                  [16]byte
}

type entryKey struct{ Id, Kind uint32 }

type entry struct {
	Bytes           uint64
	Packets, Errors uint32
	Name            [16]byte
}

// So that nothing read is optimised away.
var sum uint64

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: reference raw|read|get|iterate|load OBJECT ROUNDS")
		os.Exit(2)
	}
	object := must(os.ReadFile(os.Args[2]))
	rounds := must(strconv.Atoi(os.Args[3]))
	work := map[string]func([]byte) func() time.Duration{
		"raw": raw, "read": read, "get": get, "iterate": iterate, "load": openAndLoad,
	}[os.Args[1]]
	round := work(object)
	for i := 0; i < warmUp; i++ {
		round()
	}
	times := make([]time.Duration, rounds)
	for i := range times {
		times[i] = round()
	}
	sort.Slice(times, func(a, b int) bool { return times[a] < times[b] })
	count := pieces
	if os.Args[1] == "load" {
		count = 1
	}
	fmt.Printf("%f\n", float64(times[rounds/2])/float64(count))
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func load(object []byte) *ebpf.Collection {
	spec := must(ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object)))
	for _, program := range spec.Programs {
		if program.Type == ebpf.Syscall {
			program.Flags |= sleepable
		}
	}
	return must(ebpf.NewCollection(spec))
}

func run(collection *ebpf.Collection, program string) {
	must(collection.Programs[program].Run(&ebpf.RunOptions{Context: uint32(pieces)}))
}

// Reads each record with `use`.
func drain(object []byte, use func(*ringbuf.Record)) func() time.Duration {
	collection := load(object)
	var reader *ringbuf.Reader
	var record ringbuf.Record
	return func() time.Duration {
		run(collection, "fill_ring")
		if reader == nil {
			// Only now: the program wakes nobody, and epoll looks once by itself.
			reader = must(ringbuf.NewReader(collection.Maps["samples"]))
		}
		start := time.Now()
		for i := 0; i < pieces; i++ {
			must(0, reader.ReadInto(&record))
			use(&record)
		}
		return time.Since(start)
	}
}

func raw(object []byte) func() time.Duration {
	return drain(object, func(record *ringbuf.Record) {
		bytes := record.RawSample
		sum = uint64(binary.LittleEndian.Uint32(bytes[8:]) ^ binary.LittleEndian.Uint32(bytes[12:]) ^
			binary.LittleEndian.Uint32(bytes[16:]))
	})
}

func read(object []byte) func() time.Duration {
	return drain(object, func(record *ringbuf.Record) {
		var sample sample
		must(0, binary.Read(bytes.NewReader(record.RawSample), binary.LittleEndian, &sample))
		sum += sample.Time + uint64(sample.Pid)
	})
}

func get(object []byte) func() time.Duration {
	collection := load(object)
	run(collection, "fill_map")
	entries := collection.Maps["entries"]
	return func() time.Duration {
		start := time.Now()
		for id := uint32(0); id < pieces; id++ {
			var entry entry
			must(0, entries.Lookup(entryKey{id, 7}, &entry))
			sum += entry.Bytes
		}
		return time.Since(start)
	}
}

func iterate(object []byte) func() time.Duration {
	collection := load(object)
	run(collection, "fill_map")
	entries := collection.Maps["entries"]
	return func() time.Duration {
		start := time.Now()
		var key entryKey
		var entry entry
		count := 0
		for all := entries.Iterate(); all.Next(&key, &entry); count++ {
			sum += entry.Bytes + uint64(key.Id)
		}
		if count != pieces {
			must(0, fmt.Errorf("%d entries", count))
		}
		return time.Since(start)
	}
}

func openAndLoad(object []byte) func() time.Duration {
	return func() time.Duration {
		start := time.Now()
		load(object).Close()
		return time.Since(start)
	}
}
