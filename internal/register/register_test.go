package register

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"maelstrom-counter/internal/countertest/transcript"
	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/rtt"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	goleak.VerifyTestMain(m)
}

// Each script is played twenty times, because the scheduler decides which of
// two answers is taken first.
func TestScripts(t *testing.T) {
	for range 20 {
		transcript.Play(t, "testdata/*.txtar", play)
	}
}

// check plays a script, which must show what the register does.
func check(t *testing.T, script string) {
	t.Helper()
	transcript.Check(t, script, play)
}

// Any other error is ignored, and so is a reply of another type.
func TestACallEndsOnlyWithAnAnswerToItsRequest(t *testing.T) {
	replies := []string{"cas_ok", "write_ok", "error 1000"}
	for code := -1; code < 40; code++ {
		replies = append(replies, fmt.Sprint("error ", code))
	}
	for _, test := range []struct {
		shown, call, request string
		ends                 map[string]string // by reply
	}{
		{"5", "read", "write key=\"k/sync/n1\" value=\"nonce.1\"\n  read key=\"k\"", map[string]string{"error 20": "done: nothing"}},
		{"5", "confirm", `read key="k"`, map[string]string{"error 20": "done: nothing"}},
		{"5", "swap", `cas from=5 key="k" to=6`,
			map[string]string{"cas_ok": "done: 6", "error 20": "conflict: 5", "error 22": "conflict: 5"}},
		{"nothing", "swap", `cas create_if_not_exists=true from=1 key="k" to=1`,
			map[string]string{"cas_ok": "done: 1", "error 22": "conflict: nothing"}},
	} {
		before := strings.ReplaceAll("confirm\n  read key=\"k\"\nwait 300ms\nshow 5\n  done: 5\n", "5", test.shown)
		before = strings.Replace(before, "show nothing", "error 20", 1)
		for _, reply := range replies {
			end := "wait 800ms\n  timed out after 800ms: " + test.shown
			if answer, ok := test.ends[reply]; ok {
				end = "  " + answer
			}
			check(t, fmt.Sprintf("%s%s within 800ms\n  %s\n%s\n%s\n", before, test.call, test.request, reply, end))
		}
	}
}

// The texts of refusals have what a key holds, in Clojure or in JSON, and what
// they tell, or an empty string if that is not JSON. None tells a value of the
// counter, whether Base was shown or told.
func TestARefusalThatTellsNoValueOfTheCounterMakesBaseWhatWasShown(t *testing.T) {
	texts := map[string]string{}
	for printed, told := range map[string]string{
		`7`: `7`, `-1`: `-1`, `null`: `null`, `true`: `true`, `{}`: `{}`, `[]`: `[]`, `"a"`: `"a"`,
		`7 is not 1`: `7`, `nil`: ``, ``: ``, ` `: ``,
		// A value of the counter but for one thing.
		`{"total" 6, "receipts" {"n0" {"boot" 1, "nonce" 2, "seq" 3}, "n1" {}}}`:       `{"total":6, "receipts":{"n0":{"boot":1, "nonce":2, "seq":3}, "n1":{}}}`,
		`{"total" 9007199254740992, "receipts" {"n0" {"boot" 1, "nonce" 2, "seq" 3}}}`: `{"total":9007199254740992, "receipts":{"n0":{"boot":1, "nonce":2, "seq":3}}}`,
		`{"total" 6, "receipts" {"n0" {"boot" 0, "nonce" 2, "seq" 3}}}`:                `{"total":6, "receipts":{"n0":{"boot":0, "nonce":2, "seq":3}}}`,
		`{"total" 6, "receipts" {}}`:                                              `{"total":6, "receipts":{}}`,
		`{"total" 6, "receipts" {"n0" {"boot" 1, "nonce" 2, "seq" 3}}`:            ``,
		`{"total" 6, "receipts" {"n0" {"boot" 1, "nonce" 2, "seq" 3}}}}`:          ``,
		`{"total" 6, "receipts" {"n0" {"boot" 1, "nonce" 2, "seq" 3}}} now`:       ``,
		`{"total" 6, "receipts" {"n0" {"boot" 1, "no`:                             ``,
		`{"total" 6, "receipts" {"n0 is not n1" {"boot" 1, "nonce" 2, "seq" 3}}}`: ``,
		`{:total 6, :receipts {"n0" {:boot 1, :nonce 2, :seq 3}}}`:                ``,
		`{"total":5,"receipts":{"n0":{"seq": 3}}}`:                                `{"total":5,"receipts":{"n0":{"seq": 3}}}`,
		`{"total" 12345678901234567890}`:                                          `{"total":12345678901234567890}`,
		`{"a \" b" 1, "c\\" 2, "\" }" {}}`:                                        `{"a \" b":1, "c\\":2, "\" }":{}}`,
		`{"a" "b", "c" 1}`:                                                        `{"a":"b", "c":1}`,
		`{"a" "b", " c" 1}`:                                                       `{"a":"b", " c":1}`,
		`{"a is b" 1}`:                                                            `{"a is b":1}`,
		`{"a is not b" 1}`:                                                        ``,
		`{"" {" " 1}}`:                                                            `{"":{" ":1}}`,
		`["a" "b"]`:                                                               ``,
		`{:total 5}`:                                                              ``,
	} {
		texts["current value "+printed+" is not 1"] = told
	}
	for _, text := range []string{
		`current value {"total" 5`, `current value `, `current value 7`, `the current value 7 is not 1`,
		`7`, `7 is not 1`, ` is not 1`, ``,
	} {
		texts[text] = ""
	}
	for text, want := range texts {
		told := string(toldBy(text))
		if !json.Valid([]byte(told)) {
			told = ""
		}
		if told != want {
			t.Errorf("%s\ntold %s\nwant %s", text, told, want)
		}
		check(t, fmt.Sprintf(`confirm
  read key="k"
show 5
  done: 5
swap
  cas from=5 key="k" to=6
refuse %s
  conflict: 5
swap
  cas from=5 key="k" to=6
tell 7
  conflict: 5, told 7
swap
  cas from=7 key="k" to=8
refuse %[1]s
  conflict: 5
`, text))
	}
}

// The bench's store prints values as Clojure does.
func TestValuesWithAnyNamesAreTold(t *testing.T) {
	for _, node := range []string{"n0", "", " ", `"`, `\`, `a "b" c`, `" "`, `\" `, "é\n\t\r\f\b/", "<&>", "{:}", `"}, "`, "𝄞", "current value 1"} {
		held := name(ledger.Value{Total: ledger.Max, Receipts: map[string]ledger.Receipt{
			node: {Life: ledger.Life{Boot: ledger.Max - 1, Nonce: ledger.Max}, Seq: 1},
			"b":  {Life: ledger.Life{Boot: 1, Nonce: 0}, Seq: ledger.Max},
		}})
		check(t, fmt.Sprintf(`put 1
confirm
  read key="k"
store
  done: 1
put %s
swap 2
  cas from=1 key="k" to=2
store
  conflict: 1, told %[1]s
swap 2
  cas from=%[1]s key="k" to=2
store
  done: 2
get
  2
`, held))
	}
}

func TestABadValueErrorNamesTheKeyAndTheBeginningOfWhatItHolds(t *testing.T) {
	for _, digits := range []int{79, 80, 81, 100_000} {
		check(t, fmt.Sprintf(`confirm
  read key="k"
read_ok %[1]s
  write key="k/sync/n1" value="nonce.1"
write_ok
  read key="k"
read_ok %[1]s
  bad value: key "k" of the store holds "%.80[1]s": not written by this program: not a total with receipts: value: a JSON number: nothing
`, strings.Repeat("1", digits)))
	}
}

// The backoff grows with the requests that were not answered, whichever they
// are, and an answer ends that.
func TestACopyIsSentAfterTheTimeoutAndABackoff(t *testing.T) {
	const trip = 20 * time.Millisecond
	withScript(t, &transcript.Script{}, func(s *script) {
		var estimator rtt.Estimator
		random, unanswered := newRandom(), 0
		for i, test := range []struct {
			call, reply string
			within      time.Duration // how long the call goes on without an answer
		}{
			{"read", "", 4 * time.Second},
			{"swap", "", 4 * time.Second},
			{"read", "show 1", 0},
			{"confirm", "", 2 * time.Second},
			{"swap", "", 4 * time.Second},
			{"swap", "tell 7", 0},
			{"swap", "", 2 * time.Second},
			{"swap", "cas_ok", 0},
			{"swap", "cas_ok", 0},
			{"read", "", 2 * time.Second},
			{"read", "error 20", 0},
			{"read", "", time.Minute},
		} {
			began := time.Now()
			if test.reply == "" {
				s.step(fmt.Sprint(test.call, " within ", test.within))
				s.step(fmt.Sprint("wait ", test.within))
			} else {
				s.step(test.call)
				s.step(fmt.Sprint("wait ", trip))
				s.step(test.reply)
			}
			var sent, want []time.Duration
			for _, request := range s.requests() {
				if request.Type != "write" {
					sent = append(sent, request.At.Sub(began))
				}
			}
			for at := time.Duration(0); at == 0 || at < test.within; { // as the rule says
				want = append(want, at)
				unanswered++
				at += estimator.Timeout() + rtt.Backoff(unanswered, random)
			}
			if test.reply != "" {
				unanswered = 0
				estimator.Sample(trip)
			}
			if !slices.Equal(sent, want) {
				t.Fatalf("seed %d: call %d: copies sent at\n%v, want\n%v", seed, i, sent, want)
			}
		}
	})
}
