// Package maelstromtest tests Maelstrom nodes as package net/http/httptest tests handlers: without Maelstrom. It runs any
// node that reads messages from its standard input and writes messages to its standard output, as a [Program] in this
// process or as processes of an executable file, and puts a cluster of them through what
//
//	maelstrom test -w g-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
//
// does: network, services, workload, faults and verdict are made after Maelstrom's source. To that come faults that Maelstrom
// cannot inject ([Fault]) and checks that are stricter than its own ([Result]).
//
// In virtual time ([Simulate], [Start]) a cluster lives in a testing/synctest bubble. Its 30 seconds take a fraction of one, and the same
// seed gives the same history, byte for byte, if the nodes do the same given the same: take randomness from [Env].Seed
// and the time of day from [Env].Now. A test of one's own node over many seeds:
//
//	func TestCounter(t *testing.T) {
//		nemesis, err := maelstromtest.ParseNemesis("partition,loss,kill")
//		if err != nil {
//			t.Fatal(err)
//		}
//		for seed := range uint64(100) {
//			t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
//				t.Parallel()
//				r := maelstromtest.Simulate(t, maelstromtest.Config{
//					Workload: maelstromtest.GCounter{},
//					Rate: 100, TimeLimit: 20 * time.Second, Nemesis: nemesis, Seed: seed,
//				}, func(env maelstromtest.Env) error {
//					return myNode(env.Stdin, env.Stdout) // returns at the end of its input
//				})
//				if err := r.Err(); err != nil {
//					t.Error(err)
//				}
//			})
//		}
//	}
//
// A Program's goroutines must all end after its input has, or the bubble cannot: that is one of the things that Err reports.
// The file example_test.go has such tests of a whole node, an echo server, and one that works a cluster by hand.
//
// [RunProcesses] does the same with processes, in real time.
//
// Another workload is another implementation of [Workload]; [GCounter] and [Echo] are here. Left out are Maelstrom's services
// lww-kv and lin-tso.
package maelstromtest
