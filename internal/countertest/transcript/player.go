package transcript

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A player plays the network of one conversation, in a synctest bubble.
type player struct {
	t       *testing.T
	program maelstromtest.Program
	lines   []string // of the conversation, so far

	node  string
	talk  *maelstromtest.Conversation // nil before the node's first life
	lives bool                        // the node has been started, and its end is not in lines yet
	ended time.Time                   // when the node's program returned; may be read once talk has ended
	begun time.Time                   // when the test's current step began
	fresh []maelstromtest.Packet      // heard, but not yet in lines
	said  []maelstromtest.Packet      // everything heard, in all lives
	last  map[string]string           // this life's last message, by receiver and type
	named map[string]maelstromtest.Packet
	quiet string // in this life, messages to this receiver are not written down
	own   *names
}

func newPlayer(t *testing.T, program maelstromtest.Program, own []string) *player {
	return &player{t: t, program: program, named: map[string]maelstromtest.Packet{}, own: newNames(own)}
}

func (p *player) write(line string) { p.lines = append(p.lines, line) }

// text returns the conversation as a text.
func (p *player) text() string { return p.own.hide(strings.Join(p.lines, "\n") + "\n") }

// do does what a line of the script says, and writes down what the node does
// then.
func (p *player) do(line string) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	p.begun = time.Now()
	words := strings.Fields(line)
	if words[0] == "node" {
		return p.start(words[1:])
	}
	if len(words) == 6 && words[0] == "let" && strings.Join(words[2:5], " ") == "be the last" {
		return p.name(words[1], words[5])
	}
	if p.talk == nil {
		return errors.New("there is no node yet")
	}
	var err error
	switch {
	case words[0] == "wait":
		err = p.wait(words[1:])
	case line == "end":
		p.talk.End()
	case len(words) == 2 && words[0] == "hide":
		p.quiet = words[1]
	case line == "stop":
		p.talk.Stop()
	case len(words) >= 4 && words[1] == "->" && words[2] == p.node:
		err = p.say(words[0], words[3], line)
	default:
		err = errors.New("not understood")
	}
	p.settle()
	return err
}

// start starts a node. The first word is its name.
func (p *player) start(words []string) error {
	p.finish()
	if len(words) == 0 {
		return errors.New("node takes a name")
	}
	setting := maelstromtest.Setting{Node: words[0]}
	for _, word := range words[1:] {
		seed, isSeed := strings.CutPrefix(word, "seed=")
		switch {
		case isSeed:
			var err error
			if setting.Seed, err = strconv.ParseUint(seed, 10, 64); err != nil {
				return err
			}
		case word != "of":
			setting.Nodes = append(setting.Nodes, word)
		}
	}
	p.node = setting.Node
	p.talk = maelstromtest.Converse(p.t, setting, func(env maelstromtest.Env) error {
		defer func() { p.ended = time.Now() }()
		return p.program(env)
	})
	p.lives, p.quiet, p.last = true, "", map[string]string{}
	p.settle()
	return nil
}

// finish ends the node if it lives.
func (p *player) finish() {
	if !p.lives {
		return
	}
	p.begun = time.Now()
	p.talk.End()
	select {
	case <-p.talk.Ended():
	case <-time.After(5 * time.Second):
		p.t.Fatal("transcript: the node does not end")
	}
	p.settle()
}

// wait lets time pass.
func (p *player) wait(words []string) error {
	switch len(words) {
	case 1:
		d, err := time.ParseDuration(words[0])
		time.Sleep(d)
		return err
	case 2:
		if words[0] == "for" {
			for {
				m := p.talk.Hear()
				p.fresh = append(p.fresh, m)
				if m.Type == words[1] {
					return nil
				}
			}
		}
	}
	return errors.New("wait takes a time, or for and a type")
}

// name gives a name to the node's last message of a type.
func (p *player) name(name, typ string) error {
	for _, m := range slices.Backward(p.said) {
		if m.Type == typ {
			p.named[name] = m
			return nil
		}
	}
	return fmt.Errorf("the node has sent no %s", typ)
}

// say sends the node a message.
func (p *player) say(src, typ, line string) error {
	_, text, _ := strings.Cut(line, " "+typ)
	text, err := p.own.reveal(text)
	if err != nil {
		return err
	}
	fields, err := parseFields(text)
	if err != nil {
		return err
	}
	var re string
	body := fmt.Appendf(nil, `{"type":%q`, typ)
	for _, f := range fields {
		if f.name == "re" {
			re = string(bytes.Trim(f.value, `"`))
			continue
		}
		body = fmt.Appendf(body, `,%q:%s`, f.name, f.value)
	}
	body = append(body, '}')
	if !strings.HasSuffix(typ, "_ok") && typ != "error" {
		p.talk.Request(src, "%s", body)
		return nil
	}
	if re != "" {
		m, ok := p.named[re]
		if !ok {
			return fmt.Errorf("no message is called %s", re)
		}
		p.talk.Answer(m, "%s", body)
		return nil
	}
	for _, m := range slices.Backward(p.said) {
		if m.Dest == src && (typ == "error" || m.Type+"_ok" == typ) {
			p.talk.Answer(m, "%s", body)
			return nil
		}
	}
	return fmt.Errorf("the node has sent %s nothing that this may answer", src)
}

// settle waits until the node does nothing more at this instant, and writes
// down what it has done.
func (p *player) settle() {
	synctest.Wait()
	if !p.lives {
		return
	}
	p.fresh = append(p.fresh, p.talk.Heard()...)
	// Replies, and messages to different receivers, may come from different
	// goroutines. At one instant their order is arbitrary.
	slices.SortStableFunc(p.fresh, func(a, b maelstromtest.Packet) int {
		if c := cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Dest, b.Dest)); c != 0 || a.InReplyTo == 0 {
			return c
		}
		return cmp.Compare(a.Line, b.Line)
	})
	for _, m := range p.fresh {
		p.own.learn(m)
		if m.Dest == p.quiet {
			continue
		}
		what, kind := show(m), m.Src+" -> "+m.Dest+" "+m.Type
		if what == p.last[kind] {
			p.heard(m.At, kind+" again")
		} else {
			p.heard(m.At, what)
		}
		p.last[kind] = what
	}
	p.said = append(p.said, p.fresh...)
	p.fresh = nil
	select {
	case <-p.talk.Ended():
		how := ""
		if err := p.talk.Wait(); err != nil {
			how = ": " + err.Error()
		}
		for line := range strings.Lines(p.talk.Stderr()) {
			p.write("  " + p.node + " logged " + strings.TrimSpace(line))
		}
		p.heard(p.ended, p.node+" ends"+how)
		p.lives = false
	default:
	}
}

// heard writes down what the node did at a time.
func (p *player) heard(at time.Time, what string) {
	after := ""
	if d := at.Sub(p.begun); d > 0 {
		after = "+" + max(d.Round(time.Millisecond), min(d, time.Millisecond)).String() + " "
	}
	p.write("  " + after + what)
}

// names holds the names of the values that differ from life to life.
type names struct {
	given   *regexp.Regexp    // matches a field with such a value
	used    *regexp.Regexp    // matches a name
	byValue map[string]string // the name of each value
	byName  map[string]string // the value of each name
	count   map[string]int    // by field
	literal string            // everything that the test has written itself; its values get no names
}

func newNames(fields []string) *names {
	one := strings.Join(fields, "|")
	n := &names{byValue: map[string]string{}, byName: map[string]string{}, count: map[string]int{}}
	if len(fields) > 0 {
		n.given = regexp.MustCompile(`"(` + one + `)":"?(\d{6,})`)
		n.used = regexp.MustCompile(`\b(?:` + one + `)\d+\b`)
	}
	return n
}

// learn gives names to the values in a message that need them.
func (n *names) learn(m maelstromtest.Packet) {
	if n.given == nil {
		return
	}
	for _, match := range n.given.FindAllStringSubmatch(m.Line, -1) {
		field, value := match[1], match[2]
		if n.byValue[value] != "" || strings.Contains(n.literal, value) {
			continue
		}
		n.count[field]++
		name := fmt.Sprint(field, n.count[field])
		n.byValue[value], n.byName[name] = name, value
	}
}

// hide replaces values in a text by their names.
func (n *names) hide(text string) string {
	return regexp.MustCompile(`\d{6,}`).ReplaceAllStringFunc(text, func(value string) string {
		return cmp.Or(n.byValue[value], value)
	})
}

// reveal replaces names in a text by their values.
func (n *names) reveal(text string) (string, error) {
	n.literal += text + "\n"
	if n.used == nil {
		return text, nil
	}
	var err error
	return n.used.ReplaceAllStringFunc(text, func(name string) string {
		value := n.byName[name]
		if value == "" {
			err = fmt.Errorf("%s has not been seen", name)
		}
		return value
	}), err
}
