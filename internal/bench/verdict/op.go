package verdict

import "time"

// An Outcome says whether an operation took effect.
type Outcome string

const (
	OK   Outcome = "ok"   // it took effect
	Fail Outcome = "fail" // it did not take effect, and never will
	Info Outcome = "info" // it may have taken effect, or still may
)

// An Op is an operation: a request, and what came of it. Times count from when
// all nodes were ready.
type Op struct {
	Worker   int           `json:"worker"`
	Client   string        `json:"client"`
	Node     string        `json:"node"`
	F        string        `json:"f"`
	Value    any           `json:"value"` // its argument, and later its result if it has one
	Invoke   time.Duration `json:"invoke"`
	Complete time.Duration `json:"complete"` // when the answer came, or the client gave up
	Outcome  Outcome       `json:"outcome"`
	Error    bool          `json:"error,omitempty"` // the answer was an error reply, whose code and text follow
	Code     int           `json:"code,omitempty"`
	Text     string        `json:"text,omitempty"` // why it is not ok
	Final    bool          `json:"final,omitempty"`

	Unanswered bool `json:"-"` // it was given up
	Malformed  bool `json:"-"` // its reply was malformed
}

// Int returns the operation's value if it is an integer, and zero otherwise.
func (op Op) Int() int64 {
	n, _ := op.Value.(int64)
	return n
}
