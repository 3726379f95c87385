package claim

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/journal"
)

// typeNames returns the names of the types that a file's methods of some name
// belong to.
func typeNames(t *testing.T, method string) (names []string) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Name.Name == method && f.Recv != nil {
				if of, ok := f.Recv.List[0].Type.(*ast.Ident); ok {
					names = append(names, of.Name)
				}
			}
		}
	}
	return names
}

func typeName(c Claim) string { return reflect.TypeOf(c).Name() }

func TestEachKindOfClaimIsInAScene(t *testing.T) {
	var played []string
	for _, scene := range scenes {
		for _, c := range scene.play(newScene(3)) {
			played = append(played, typeName(c.Claim))
		}
	}
	for _, name := range typeNames(t, "holds") {
		if !slices.Contains(played, name) {
			t.Errorf("no scene has a %s", name)
		}
	}
}

// Where the journal has a gap, a claim that something is absent does not hold.
func TestNoClaimOfAbsenceHoldsOverAGap(t *testing.T) {
	absence := strings.Fields(`Unanswered SentSince Repeated Unreplied NextSent NoPath Undelivered Silent LastChange
		AskedNobody AnsweredBefore ToldNothing LastGot Cone NoService Sum Explains NotExplained PartOff DeltasMissing AllMissing
		Changed Told ChangedSince NeverTold NeverSet Overwritten WrittenBack AnotherAmount CountedTwice Counted SameSteps
		AskedInVain AckedInMemory OwnAcked OnlyAdd InHand WrongReplyTo Misdirected Mute`)
	for _, scene := range scenes {
		if scene.name == "what is not recorded" {
			continue // it has a gap
		}
		s := newScene(3)
		for _, c := range scene.play(s) {
			sensitive := false
			for at := range s.journal {
				run := s.run()
				run.gaps = []int{at}
				sensitive = sensitive || !run.Holds(c.Claim)
			}
			if name := typeName(c.Claim); sensitive != slices.Contains(absence, name) && name != "Message" { // only its fate is absent
				t.Errorf("%s: a gap can make %s false: %v", scene.name, name, sensitive)
			}
		}
	}
}

// What holds though entries are missing holds with them, too.
func TestNothingHoldsOnlySinceEntriesAreMissing(t *testing.T) {
	const seed = 5
	random := rand.New(rand.NewPCG(seed, 0))
	held, missing := map[string]int{}, 0
	for _, scene := range scenes {
		s := newScene(3)
		var claims []Claim
		for _, c := range scene.play(s) {
			claims = append(claims, c.Claim)
			for _, m := range mutants(c.Claim) {
				claims = append(claims, m.Claim)
			}
		}
		full := s.run()
		for round := range 3 * len(s.journal) {
			entries := slices.Clone(s.journal)
			for i := range 1 + round/len(s.journal) {
				at := round % len(s.journal)
				if i > 0 {
					at = random.IntN(len(s.journal))
				}
				if entries[at].Node == "" { // what becomes of nodes is known without messages
					entries[at] = journal.Entry{Time: entries[at].Time, What: journal.Gap, Omitted: &journal.Omission{Missing: true}}
				}
			}
			part := NewRun(s.Result, entries)
			for _, c := range claims {
				if r, ok := c.(Repeated); !part.Holds(c) || ok && r.AtLeast { // which says that there may have been more
					continue
				}
				held[typeName(c)]++
				if missing++; !full.Holds(upTo(full, c)) {
					t.Errorf("seed %d, %s: %#v holds only since something is missing: %s\n%s", seed, scene.name, c, part.Text(c), s)
					return
				}
			}
		}
	}
	t.Logf("%d held: %v", missing, held)
}

// upTo returns a claim without what says that more may be missing.
func upTo(full *Run, c Claim) Claim {
	if c, ok := c.(Message); ok {
		sent := full.Sent(c.ID)
		if c.Fate == Unknown {
			c.Fate = sent.Fate
		}
		c.Copies, c.Late = max(c.Copies, sent.Copies), max(c.Late, sent.Late)
		return c
	}
	return c
}

func TestClaimsAboutWhatIsNotThereAreFalse(t *testing.T) {
	const seed = 3
	random := rand.New(rand.NewPCG(seed, 0))
	for _, scene := range scenes {
		s := newScene(3)
		claims := scene.play(s)
		for _, run := range []*Run{s.run(), NewRun(Result{}, nil), NewRun(s.Result, s.journal[:len(s.journal)/2]),
			NewRun(s.Result, s.journal[len(s.journal)/2:])} {
			for _, c := range claims {
				for range 100 {
					x := reflect.New(reflect.TypeOf(c.Claim)).Elem()
					x.Set(reflect.ValueOf(c.Claim))
					scramble(random, x, len(s.journal))
					of := x.Interface().(Claim)
					if holds := run.Holds(of); holds && run.Text(of) == "" {
						t.Errorf("seed %d: holds without a text: %#v", seed, of)
					}
					run.Text(of)
					run.Shows(of)
				}
			}
		}
	}
}

// scramble changes numbers in a value at random.
func scramble(random *rand.Rand, v reflect.Value, most int) {
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		if v.Type() != reflect.TypeFor[time.Duration]() && random.IntN(3) == 0 {
			v.SetInt(random.Int64N(int64(most)+6) - 3)
		}
	case reflect.String:
		if isNode(v.String()) {
			v.SetString([]string{"n0", "n1", "n2", "n3", "", "c0", "seq-kv"}[random.IntN(7)])
		}
	case reflect.Struct:
		for i := range v.NumField() {
			scramble(random, v.Field(i), most)
		}
	case reflect.Slice:
		v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v.Slice(0, random.IntN(v.Len()+1))))
		for i := range v.Len() {
			scramble(random, v.Index(i), most)
		}
	}
}
