// Package maelstromtest tests Maelstrom nodes as package net/http/httptest tests handlers: without Maelstrom. It runs any
// node that reads messages from its standard input and writes messages to its standard output, as a [Program] in this
// process or as processes of an executable file, and puts a cluster of them through what
//
//	maelstrom test -w g-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
//
// does: network, services, workload, faults and verdict are made after Maelstrom's source. To that come faults that Maelstrom
// cannot inject ([Fault]) and checks that are stricter than its own ([Verdict]).
//
// # Simulations
//
// In virtual time ([Simulate], [Start]) a cluster lives in a testing/synctest bubble. Its 30 seconds take a fraction of one, and the same
// seed gives the same history, byte for byte, if the nodes do the same given the same: take randomness from [Env].Seed
// and the time of day from [Env].Now. The examples of Simulate and Start are whole tests of a node on Maelstrom's own library.
//
// What a node must keep to in a simulation:
//
//   - It reads Env.Stdin and writes to Env.Stdout. On Maelstrom's library these are the fields Stdin and Stdout of its Node.
//   - It holds no mutex while it waits for a message: such a wait keeps virtual time from passing, and ends the process with a panic that
//     shows where it happened.
//   - Its goroutines end after its input has ended. The library's SyncRPC, and so its KV, leaves one behind when an answer comes
//     after the context has ended, as with the fault [Late].
//   - Its channels and timers are made where it runs, not in package variables.
//
// What nodes write to Env.Stderr, and through package log, goes where [Config].Stderr says. Maelstrom's library logs every message there:
// unless somebody asks for that, it is dropped. It takes no time at all after log.SetOutput(io.Discard).
//
// [Converse] is for a test of one node: the test itself plays the network, with clients, services and other nodes.
//
// # Processes
//
// [RunProcesses] does the same with processes, in real time. [Build] builds their executable.
//
// # Workloads
//
// [Config].Journal and [Config].Watch get an [Entry] for all that happens to messages, services, nodes and links; package story tells from
// them why a run went wrong. A [Script] takes the place of chance: it lists the requests, and decides what becomes of each message.
//
// Another workload is another implementation of [Workload], and of [Preparer] if nodes must be told something first; [GCounter] and
// [Echo] are here. Left out are Maelstrom's services lww-kv and lin-tso.
package maelstromtest
