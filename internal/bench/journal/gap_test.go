package journal

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// send returns the line of a message that was sent.
func send(at int, src, body string) []byte {
	return fmt.Appendf(nil, `{"time_ns":%d,"what":"send","id":%d,"src":%q,"dest":"seq-kv","body":%s}`+"\n", at, at, src, body)
}

func TestATallyNamesWhatIsSentMostOften(t *testing.T) {
	var tally Tally
	for i := range 10 {
		tally.Add(send(i+7, "n1", fmt.Sprintf(`{"key":"t","msg_id":%d,"type":"read"}`, i)))
		tally.Add([]byte(`{"time_ns":50,"what":"recv","src":"n1","dest":"seq-kv","body":{}}`))
	}
	for i := range 20 {
		tally.Add(send(60+i, "n2", fmt.Sprintf(`{"in_reply_to":%d,"type":"error","code":20}`, i)))
	}
	tally.Add(send(90, "n3", `{"type":"read"}`)) // once
	tally.Add(send(91, "n3", `null`))
	tally.Add(send(92, "n3", `null`))
	want := Omission{Lines: 43, Until: 92, Most: []Frequent{
		{"n2", "seq-kv", json.RawMessage(`{"code":20,"type":"error"}`), 20},
		{"n1", "seq-kv", json.RawMessage(`{"key":"t","type":"read"}`), 10},
		{"n3", "seq-kv", json.RawMessage(`null`), 2},
	}}
	if got := tally.Omission(); tally.From != 7 || !reflect.DeepEqual(got, want) {
		t.Errorf("from %v %+v, not %+v", tally.From, got, want)
	}
	if got := (&Tally{}).Omission(); !reflect.DeepEqual(got, Omission{}) {
		t.Errorf("of nothing %+v", got)
	}
}

// However many different messages there are, a Tally is bounded, and a storm
// among them is found. Its count is at most too low by MoreTimes.
func TestATallyIsBounded(t *testing.T) {
	var tally Tally
	const storm, others = 5_000, 50_000
	for i := range others {
		tally.Add(send(i, "n1", fmt.Sprintf(`{"value":%d}`, i)))
		if i%(others/storm) == 0 {
			tally.Add(send(i, "n0", `{"type":"cas"}`))
		}
	}
	tally.Add(send(0, "n0", `{"text":"`+strings.Repeat("x", maxTalliedLine)+`"}`))
	tally.Add([]byte("half a li"))
	got := tally.Omission()
	if len(tally.sent) > maxTallied || got.Lines != storm+others+2 {
		t.Errorf("%d messages are kept of %d lines", len(tally.sent), got.Lines)
	}
	if len(got.Most) == 0 || got.Most[0].Src != "n0" {
		t.Fatalf("the storm is not the most frequent: %+v", got.Most)
	}
	if n := got.Most[0].Times; n > storm || n+got.MoreTimes < storm || got.MoreTimes > (storm+others)/maxTallied {
		t.Errorf("%d to %d times, not %d", n, n+got.MoreTimes, storm)
	}
}

func TestOnlyAFewFrequentMessagesAreNamed(t *testing.T) {
	var tally Tally
	for i := range 100 {
		tally.Add(send(i, "n1", fmt.Sprintf(`{"value":%d}`, i%(maxFrequent+1))))
		tally.Add(send(i, "n2", `"`+strings.Repeat("x", maxTalliedLine)+`"`)) // which is too long to be named
	}
	if got := tally.Omission(); len(got.Most) != maxFrequent || got.Most[0].Src != "n1" || got.MoreTimes != 0 || got.Until != 99*time.Nanosecond {
		t.Errorf("%+v", got)
	}
}

func TestWhatHappenedIsSeenAtTheBeginningOfALine(t *testing.T) {
	for line, want := range map[string]What{
		string(send(3, "n0", `{"what":"crash"}`)):  "send",
		`{"time_ns":1,"what":"crash","node":"n1"}`: "crash",
		`{}`: "", ``: "", `{"what":"`: "",
	} {
		if got := WhatOf([]byte(line)); got != want {
			t.Errorf("%q in %q", got, line)
		}
	}
}
