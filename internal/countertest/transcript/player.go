package transcript

import (
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
	script  *Script
	program maelstromtest.Program
	own     *names

	node string
	talk *maelstromtest.Conversation // nil before the node's first life
	// The node has been started, and its end is not in the script yet.
	lives bool
	// When the node's program returned; may be read once talk has ended.
	ended time.Time
	begun time.Time              // when the test's current step began
	fresh []maelstromtest.Packet // heard, but not yet in the script
	last  map[string]string      // this life's last message, by receiver and type
	// The last message, in all lives, by type, by receiver and type, and by
	// re=name.
	said map[string]maelstromtest.Packet
	// In this life, messages to this receiver are not written down.
	quiet string
}

// do does what a step says, and writes down what the node does then.
func (p *player) do(line string) error {
	p.begun = time.Now()
	words := strings.Fields(line)
	if words[0] == "node" {
		return p.start(words[1:])
	}
	if p.talk == nil {
		return errors.New("there is no node yet")
	}
	defer p.settle()
	switch {
	case words[0] == "wait":
		return p.wait(words[1:])
	case len(words) == 6 && words[0] == "let" && strings.Join(words[2:5], " ") == "be the last":
		m, ok := p.said[words[5]]
		if !ok {
			return fmt.Errorf("the node has sent no %s", words[5])
		}
		p.said["re="+words[1]] = m
	case len(words) == 2 && words[0] == "hide":
		p.quiet = words[1]
	case line == "end":
		p.talk.End()
	case line == "stop":
		p.talk.Stop()
	case len(words) >= 4 && words[1] == "->" && words[2] == p.node:
		return p.say(words[0], words[3], line)
	default:
		return errors.New("not understood")
	}
	return nil
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
	_ = p.talk.Close() // settle writes down the error
	p.settle()
}

// wait lets time pass.
func (p *player) wait(words []string) error {
	switch {
	case len(words) == 1:
		d, err := time.ParseDuration(words[0])
		time.Sleep(d)
		return err
	case len(words) == 2 && words[0] == "for":
		heard := ""
		for heard != words[1] {
			m := p.talk.Hear()
			p.fresh = append(p.fresh, m)
			heard = m.Type
		}
		return nil
	}
	return errors.New("wait takes a time, or for and a type")
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
	request, isReply := strings.CutSuffix(typ, "_ok")
	answers := src + " " + request
	if typ == "error" {
		answers, isReply = src+" ", true
	}
	body := fmt.Sprintf(`{"type":%q`, typ)
	for _, f := range fields {
		if f.name == "re" {
			answers = "re=" + strings.Trim(string(f.value), `"`)
		} else {
			body += fmt.Sprintf(`,%q:%s`, f.name, f.value)
		}
	}
	if !isReply {
		p.talk.Request(src, "%s}", body)
		return nil
	}
	m, ok := p.said[answers]
	if !ok {
		return fmt.Errorf("the node has sent nothing that this may answer: %s", answers)
	}
	p.talk.Answer(m, "%s}", body)
	return nil
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
		p.said[m.Type], p.said[m.Dest+" "], p.said[m.Dest+" "+m.Type] = m, m, m
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
	p.fresh = nil
	select {
	case <-p.talk.Ended():
		how := ""
		if err := p.talk.Wait(); err != nil {
			how = ": " + err.Error()
		}
		for line := range strings.Lines(p.talk.Stderr()) {
			p.script.Happens("%s logged %s", p.node, strings.TrimSpace(line))
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
	p.script.Happens("%s%s", after, what)
}

// names holds the names of the values that differ from life to life.
type names struct {
	given *regexp.Regexp    // matches a field with such a value
	used  *regexp.Regexp    // matches a name
	other map[string]string // the name of each value, and the value of each name
	count map[string]int    // by field
	// Everything that the test has written itself; its values get no names.
	literal string
}

func newNames(own string) *names {
	return &names{
		given: regexp.MustCompile(`"(` + own + `)":"?(\d{6,})`),
		used:  regexp.MustCompile(`\b(?:` + own + `)\d+\b`),
		other: map[string]string{},
		count: map[string]int{},
	}
}

// learn gives names to the values in a message that need them.
func (n *names) learn(m maelstromtest.Packet) {
	for _, match := range n.given.FindAllStringSubmatch(m.Line, -1) {
		field, value := match[1], match[2]
		if n.other[value] != "" || strings.Contains(n.literal, value) {
			continue
		}
		n.count[field]++
		name := fmt.Sprint(field, n.count[field])
		n.other[value], n.other[name] = name, value
	}
}

// hide replaces values in a text by their names.
func (n *names) hide(text string) string {
	return regexp.MustCompile(`\d{6,}`).ReplaceAllStringFunc(text, func(value string) string {
		return cmp.Or(n.other[value], value)
	})
}

// reveal replaces names in a text by their values.
func (n *names) reveal(text string) (string, error) {
	n.literal += text + "\n"
	var err error
	return n.used.ReplaceAllStringFunc(text, func(name string) string {
		if n.other[name] == "" {
			err = fmt.Errorf("%s has not been seen", name)
		}
		return n.other[name]
	}), err
}
