// Package service has the services that Maelstrom offers to nodes, after its
// service.clj: the key-value stores seq-kv ([NewSequential]), lin-kv
// ([NewLinearizable]) and lww-kv ([NewEventual]), and lin-tso ([NewOracle]).
//
//	reply, from := service.Answer(s, "n0", []byte(`{"type":"read","key":"k","msg_id":1}`))
//
// They answer at once. The network and the randomness are the caller's, so the
// same draws give the same answers.
//
// A [Replay] finds out what a seq-kv or lin-kv elsewhere has done.
package service

import (
	"encoding/json"
	"slices"

	"maelstrom-counter/internal/bench/journal"
)

// Names are those of all services.
var Names = []string{"lin-kv", "lin-tso", "lww-kv", "seq-kv"}

// A Service handles requests.
type Service interface {
	// serve returns false for a type of request that the service does not know:
	// service.clj throws an exception there, and sends no answer.
	serve(caller, kind string, fields map[string]json.RawMessage) (kvReply, bool)
}

// Answer has a service handle the body of a message, which is an object. It
// returns no reply if the service sends none, and no journal.Answer if the
// service does not have one state after the other.
func Answer(s Service, caller string, body json.RawMessage) (reply json.RawMessage, from *journal.Answer) {
	fields, err := Fields(body)
	kind, _ := StringOf(fields["type"])
	answer, ok := s.serve(caller, kind, fields)
	if err != nil || !ok {
		return nil, nil
	}
	answer.InReplyTo = fields["msg_id"]
	reply, _ = json.Marshal(answer) // it holds JSON that has been read
	return reply, answer.from
}

// requestOf reads a request to a key-value store. It returns false if the type
// is none of the store's.
func requestOf(kind string, fields map[string]json.RawMessage) (kvRequest, bool) {
	create := string(fields["create_if_not_exists"])
	return kvRequest{
		kind: kind, key: valueOf(fields["key"]).canonical(), value: valueOf(fields["value"]),
		from: valueOf(fields["from"]), to: valueOf(fields["to"]),
		create: create != "" && create != "null" && create != "false", // as Clojure sees it
	}, slices.Contains([]string{"read", "write", "cas"}, kind)
}
