package strangers

import (
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story"
)

// What goes wrong with many designs alike.
const (
	ofOld   = "OldState ChangedSince "
	ofEarly = "Counted "
	ofTwice = "CountedTwice Counted SecondCopy "
	ofLost  = "Overwritten WrittenBack Counted "
	ofApart = "NoPath Undelivered Silent Cone DeltasMissing PartOff AskedNobody ToldNothing "
	ofDumb  = "Undelivered SentSince NextSent Unreplied Repeated AnsweredLate "
	ofMute  = "Mute "
)

// faulty is what faults may do to all of them: an answer that does not come is
// taken for 0, or for no answer; adds are counted twice, taken back, or
// forgotten by a node that is killed; requests stay unanswered.
const faulty = ofTwice + ofLost + "AnsweredBefore AskedInVain Killed AckedInMemory Undelivered " + ofDumb

// causes has the claims that name what is wrong with a design, by their types.
// A story names the cause if it has one of them. OldState stands for a Told of
// an old state, and Undelivered also for a Message that did not arrive in time.
var causes = map[string]string{
	"rmw":              ofLost + ofOld,
	"cas":              ofOld,
	"crdt":             ofOld,
	"gossip":           ofApart,
	"early":            ofEarly + ofOld,
	"writebehind":      ofEarly + ofOld + "NeverTold AskedNobody ",
	"cached":           ofOld + "NeverTold AskedNobody ",
	"bgwriter":         ofEarly + ofApart + ofOld + "LastChange ",
	"readall":          ofOld + "Counted ",
	"cachedkey":        ofOld + "Counted ",
	"readown":          "PartOff Cone NoPath NeverTold ",
	"aggregator":       ofOld + ofApart + "LastChange Counted ",
	"mapcas":           ofOld,
	"askpeers":         ofApart + "AnsweredBefore ",
	"gossip_all":       ofApart,
	"broadcast":        ofApart,
	"rebroadcast":      ofApart,
	"deltas":           ofApart + "GotTwice ",
	"leader":           ofApart + "GotTwice ",
	"flush":            ofEarly + ofOld + ofApart,
	"lostflush":        ofEarly + ofOld + ofLost,
	"identitycas":      ofOld,
	"uniquewrite":      ofOld,
	"tso":              ofOld,
	"lww":              ofOld + ofLost + ofApart,
	"zero":             "Overwritten WrittenBack " + ofOld,
	"addone":           "AnotherAmount SameSteps ",
	"refused":          "CountsRefused ",
	"patient":          "",
	"deadlock":         "NextSent ",
	"thread_exception": "Stderr NextSent ",
	"no_create":        "NeverSet Repeated ",
	"no_reread":        ofOld + "Repeated ",
	"conflict13":       ofOld,
	"retry22":          ofOld,
	"wrongcode":        ofOld + "CountsRefused ",
	"missing":          "NeverSet ",
	"doubleadd":        ofTwice + ofOld + "AnotherAmount ",
	"nokey":            ofOld,
	"stringvalue":      "BadAnswer ",
	"floatvalue":       "BadAnswer ",
	"wrong_reply_to":   "WrongReplyTo ",
	"tworeplies":       "BadAnswer ",
	"crash":            "Crash PartOff Cone NoPath OwnAcked ",
	"init_twice":       "BadAnswer ",
	"stranger_once":    "",
	"blank_line":       "",
	"chatter":          "",
}

// symptoms are the claims that say only what is wrong.
const symptoms = "WrongTotal CountsRefused OutOfBounds BelowSeen NotLinearizable Answered Unanswered NoneSucceeded " +
	"Acknowledged Refused Message Told Explains Sum AllMissing "

// A cause is what a story comes to.
type cause string

const (
	none        cause = "no story"
	unexplained cause = "unexplained"
	named       cause = "named"
	other       cause = "another cause"
)

// causeOf returns what the story of a design comes to.
func causeOf(name string, faults bool, s *story.Story) cause {
	if s == nil {
		return none
	}
	truths := strings.Fields(causes[name] + ofDumb + ofMute) // slow answers come too late
	if faults {
		truths = append(truths, strings.Fields(faulty)...)
	}
	if s.Kind == story.OldBasis && slices.Contains(truths, "Overwritten") {
		return named
	}
	came := unexplained
	for _, c := range s.Claims {
		kind := reflect.TypeOf(c).Name()
		switch c := c.(type) {
		case claim.Told:
			if c.Was != c.Is {
				kind = "OldState"
			}
		case claim.Message:
			if c.Fate != claim.Arrived || c.Late > 0 {
				kind = "Undelivered"
			}
		}
		switch {
		case slices.Contains(truths, kind):
			return named
		case !slices.Contains(strings.Fields(symptoms), kind):
			came = other
		}
	}
	return came
}

// A tableOfCauses counts what the stories of each design come to.
type tableOfCauses map[string]map[cause]int

func (c tableOfCauses) add(name string, came cause) {
	if c[name] == nil {
		c[name] = map[cause]int{}
	}
	c[name][came]++
}

func (c tableOfCauses) merge(d tableOfCauses) {
	for name, row := range d {
		for came, n := range row {
			for range n {
				c.add(name, came)
			}
		}
	}
}

// total returns how many stories name the cause, and how many there are.
func (c tableOfCauses) total() (good, all int) {
	for _, row := range c {
		for came, n := range row {
			all += n
			if came == named {
				good += n
			}
		}
	}
	return good, all
}

func (c tableOfCauses) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s%12s%14s%14s%12s\n", "", named, other, unexplained, none)
	for _, name := range slices.Sorted(maps.Keys(c)) {
		row := c[name]
		fmt.Fprintf(&b, "%-22s%12d%14d%14d%12d\n", name, row[named], row[other], row[unexplained], row[none])
	}
	good, all := c.total()
	fmt.Fprintf(&b, "%d of %d name the cause: %.1f %%\n", good, all, 100*float64(good)/float64(max(all, 1)))
	return b.String()
}

var (
	each = flag.Int("each", 0, "for TestCauses: run this many seeds of each design under each condition")
	only = flag.String("only", "", "for TestCauses: run only this design")
	show = flag.String("show", "", `show the stories that come to this: "named,unexplained", "another cause"`)
)

func shows(came cause) bool { return *show != "" && strings.Contains(*show, string(came)) }

// Each design's stories name its cause. By hand, with -each 20, this prints a
// table.
func TestCauses(t *testing.T) {
	if *each == 0 {
		t.Skip("TestEveryStoryIsTrue counts causes, too; this is for -each")
	}
	causes := tableOfCauses{}
	for _, d := range designs() {
		if *only != "" && d.name != *only {
			continue
		}
		for _, faults := range []string{"", "partition", "loss,late"} {
			for _, latency := range []time.Duration{0, 100 * time.Millisecond} {
				for _, atOnce := range []int{1, 4} {
					for seed := range uint64(*each) {
						cfg := short(seed, faults)
						cfg.TimeLimit, cfg.Latency, cfg.Concurrency = 3*time.Second, latency, 3*atOnce
						r, journal := maelstromtest.Record(t, cfg, d.program)
						if r.Right {
							continue
						}
						s := maelstromtest.Tell(r, journal)
						came := causeOf(d.name, faults != "", s)
						causes.add(d.name, came)
						if s != nil && shows(came) {
							t.Logf("%s with faults %q, latency %v, %d at once, seed %d: %s\n%s",
								d.name, faults, latency, atOnce, seed, came, s.Text())
						}
					}
				}
			}
		}
	}
	t.Logf("\n%v", causes)
}
