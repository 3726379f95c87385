package maelstromtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"maelstrom-counter/internal/bench/service"
)

// A Packet is a message that the node has sent, at the time At.
type Packet struct {
	Src, Dest string
	Type      string
	MsgID     int // 0 if it has none
	InReplyTo int // 0 if it is not a reply
	Code      int // of an error
	Body      json.RawMessage
	Line      string // the whole message as it was written
	At        time.Time
}

// ParsePacket reads a line that a node has written. It is for a test that reads
// the node's output itself.
func ParsePacket(line []byte) (Packet, error) {
	var message struct {
		Src, Dest string
		Body      json.RawMessage
	}
	if err := json.Unmarshal(line, &message); err != nil {
		return Packet{}, fmt.Errorf("not a message: %w", err)
	}
	var body struct {
		Type      string
		MsgID     int `json:"msg_id"`
		InReplyTo int `json:"in_reply_to"`
		Code      int
	}
	if err := json.Unmarshal(message.Body, &body); err != nil {
		return Packet{}, fmt.Errorf("body: %w", err)
	}
	return Packet{Src: message.Src, Dest: message.Dest, Type: body.Type, MsgID: body.MsgID, InReplyTo: body.InReplyTo,
		Code: body.Code, Body: message.Body, Line: string(line)}, nil
}

func (p Packet) is(types []string) bool { return len(types) == 0 || slices.Contains(types, p.Type) }

// Field returns a field of the body as it was written, or an empty string if
// there is none.
func (p Packet) Field(name string) string {
	fields, _ := service.Fields(p.Body)
	return string(fields[name])
}

// Decode unmarshals the body into what v points to.
func (p Packet) Decode(v any) error {
	if err := json.Unmarshal(p.Body, v); err != nil {
		return fmt.Errorf("body of a %s from %s: %w", p.Type, p.Src, err)
	}
	return nil
}

// String returns the message as it was written.
func (p Packet) String() string { return p.Line }

// A Store is a key-value service that answers each request at once and from its
// newest state, like Maelstrom's lin-kv. Its method Serve is a [Responder]. It
// is safe for concurrent use.
type Store struct {
	mu    sync.Mutex
	store *service.Store
}

// NewStore returns a store that holds nothing.
func NewStore() *Store { return &Store{store: service.NewLinearizable()} }

// Serve answers a request.
func (s *Store) Serve(c *Conversation, p Packet) {
	if body := s.Reply(p); body != "" {
		c.Send(p.Dest, "%s", body)
	}
}

// Reply does what a request asks for and returns the body of the answer with
// its in_reply_to, or an empty string if the store has no such type of request.
func (s *Store) Reply(p Packet) (body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, _ := service.Answer(s.store, p.Src, p.Body)
	return string(raw)
}

// Get returns the value of a key, or an empty string if there is none.
func (s *Store) Get(key string) (raw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, _ := s.store.Get(key)
	return string(value)
}

// Put sets a key to a value, which is JSON.
func (s *Store) Put(key, raw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store.Put("", key, json.RawMessage(raw))
}
