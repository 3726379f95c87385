package journal

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestEntriesAreReadAsTheyWereWritten(t *testing.T) {
	entries := []Entry{
		{Time: -time.Second, What: Started, Node: "n0"},
		{Time: 1, What: Sent, ID: 7, Src: "n0", Dest: "seq-kv", Body: Raw(`{"type":"read"}`)},
		{Time: 2, What: Answered, ID: 7, Src: "n0", Dest: "seq-kv", Answer: &Answer{State: 0, Newest: 3, Changed: true, Key: Raw(`"k"`), Value: Raw("4")}},
		{Time: 3, What: IsLate, ID: 8, Delay: time.Minute},
		{Time: 4, What: Muted, Node: "n1", Text: "hello", Why: "it is not JSON"},
	}
	var text strings.Builder
	for _, e := range entries {
		if err := Write(&text, e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Read(strings.NewReader(text.String()))
	if err != nil || !reflect.DeepEqual(got, entries) {
		t.Errorf("%+v, %v", got, err)
	}
	if none, err := Read(strings.NewReader("")); err != nil || len(none) != 0 {
		t.Errorf("an empty journal: %v, %v", none, err)
	}
}

func TestAJournalThatCannotBeReadIsAnErrorThatNamesTheLine(t *testing.T) {
	whole := `{"time_ns":1,"what":"kill","node":"n0"}` + "\n"
	broken := errors.New("the disk is gone")
	for want, r := range map[string]io.Reader{
		"journal: line 2: ":                            strings.NewReader(whole + `{"time_ns":2,"wha`),
		"journal: after line 1: the disk is gone":      io.MultiReader(strings.NewReader(whole), iotest.ErrReader(broken)),
		"journal: after line 1: bufio.Scanner: token ": io.MultiReader(strings.NewReader(whole), io.LimitReader(spaces{}, maxEntry+1)),
	} {
		if _, err := Read(r); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// spaces never ends.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestAnEntryThatCannotBeWrittenIsAnError(t *testing.T) {
	if err := Write(io.Discard, Entry{Body: Raw("{")}); err == nil {
		t.Error("a body that is not JSON was written")
	}
	gone := errors.New("gone")
	if err := Write(failing{gone}, Entry{}); !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
}

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }
