// Package maelstromtest tests Maelstrom nodes without running Maelstrom, much
// as package net/http/httptest tests HTTP handlers. It runs any node that reads
// messages from its standard input and writes messages to its standard output,
// either as a [Program] in this process or as processes of an executable file.
// It puts a cluster of such nodes through what this command does:
//
//	maelstrom test -w g-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
//
// The network, services, workload, faults and verdict follow Maelstrom's
// source. There are also faults that Maelstrom cannot inject ([Fault]) and
// checks that are stricter than its own ([Verdict]), which decide only if
// Config.Consistency is [Linearizable].
//
// The bench treats a node's output as Maelstrom does. It reads one JSON value
// from each line. After a line that is blank or not a message, or that goes to
// a node or client that does not exist, it drops everything that the node
// prints in this life, although the node still gets its messages ([Mute]).
// After a request that did not succeed, a client exists until its worker makes
// the next one. A client that has sent init exists until the answer. So a late
// answer, or a second one to init, makes a node mute. There is one exception,
// since Maelstrom neither kills nor pauses nodes: see [Config].Nemesis.
//
// # Simulations
//
// In virtual time ([Simulate], [Start]) a cluster lives in a testing/synctest
// bubble. A run of 30 seconds takes a fraction of a second. The same seed gives
// the same history, byte for byte, provided that the nodes behave the same on
// the same input: they should take randomness from [Env].Seed and the time of
// day from [Env].Now. The examples of Simulate and Start are complete tests of
// a node that uses Maelstrom's own library.
//
// A node must keep to these rules in a simulation:
//
//   - It reads Env.Stdin and writes to Env.Stdout. With Maelstrom's library,
//     these are the fields Stdin and Stdout of its Node. What it prints to
//     os.Stdout, as with fmt.Println, is not heard. If no other simulation runs
//     at the time, it is noticed: a message counts as a wrong answer, and other
//     text leads to a [Remark], unless tests are verbose.
//   - It holds no mutex while it waits for a message. Such a wait keeps virtual
//     time from passing, and ends the process with a panic that shows where it
//     happened.
//   - Its goroutines end after its input has ended. The library's SyncRPC, and
//     so its KV, leaves a goroutine behind if an answer comes after the context
//     has ended, as with the fault [Late].
//   - It makes its channels and timers while it runs, not in package variables.
//
// What nodes write to Env.Stderr, and through package log, goes where
// [Config].Stderr says. Maelstrom's library logs every message through package
// log, and these lines are dropped unless Config.Stderr is set. After
// log.SetOutput(io.Discard) they take no time at all.
//
// [Converse] is for a test of one node: the test itself plays the network, with
// its clients, services and other nodes.
//
// # Processes
//
// [RunProcesses] does the same with processes, in real time. [Build] builds
// their executable.
//
// # Results
//
// [Result].Err says what was wrong and begins to explain why. [Result].Why
// returns the whole story, as a text and as a sequence diagram.
// [Config].Journal and [Config].Watch get what stories are made of: an [Entry]
// for everything that happens to messages, services, nodes and links. A
// [Script] takes the place of chance: it lists the requests and decides what
// becomes of each message.
//
// # Workloads
//
// The workloads here are [GCounter] and [Echo]. To add one, implement
// [Workload], and [Preparer] if nodes must be told something first.
package maelstromtest
