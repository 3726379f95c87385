package service

import "maelstrom-counter/internal/bench/journal"

type Replay struct{ n int }

func NewReplay(name string) *Replay                                       { return &Replay{} }
func (r *Replay) Handle(caller string, request, reply journal.Raw)        { r.n++ }
func (r *Replay) Answers() []*journal.Answer                              { return make([]*journal.Answer, r.n) }
func (r *Replay) Notes() []string                                         { return nil }
