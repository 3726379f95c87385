package claim

import (
	"encoding/json"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// A said is a claim that holds, with the changes of it that make another true
// claim.
type said struct {
	Claim
	also []string
}

// scenes are runs made by hand, each with claims that hold.
var scenes = []struct {
	name string
	play func(s *scene) []said
}{
	{"a lost update", lostUpdate},
	{"two writes of one value", idleWrite},
	{"old states", oldStates},
	{"an add counted twice", countedTwice},
	{"a request taken twice, and an old one", copies},
	{"acknowledged before it is stored", early},
	{"each add taken for 1", ones},
	{"a cut link between nodes", cutLink},
	{"peers ask each other", askPeers},
	{"gossip of sums", gossip},
	{"gossip of deltas", deltas},
	{"a key for each node", keys},
	{"no answers", noAnswers},
	{"the same request for ever", repeats},
	{"wrong answers", wrongAnswers},
	{"reads out of order", outOfOrder},
	{"ends and lines", lives},
	{"news through a store", throughStore},
	{"an answer for an earlier life", misdirected},
	{"an end that nobody saw", unseen},
	{"what is not recorded", unrecorded},
}

func lostUpdate(s *scene) []said {
	a := s.ask("c0", "n0", "add", 3)
	s.call("n0", `{"type":"read","key":"t","msg_id":1}`)
	b := s.ask("c1", "n1", "add", 2)
	found := s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
	first := s.call("n0", `{"type":"write","key":"t","value":3,"msg_id":2}`)
	ack := s.ack(a)
	second := s.call("n1", `{"type":"write","key":"t","value":2,"msg_id":2}`)
	s.ack(b)
	read := s.ask("c2", "n2", "read", 0)
	s.History[read].Final = true
	told := s.call("n2", `{"type":"read","key":"t","msg_id":1}`)
	reply := s.answer(read, "2")
	formula := Formula{How: ToldOnce, Key: `seq-kv "t"`}
	another := AnotherAmount{"seq-kv", `"t"`, "", second.request, second.at, "n1", 3, 2, b, 2}
	return []said{
		{Claim: WrongTotal{read, "n2", 2, []Range{{Lo: 5, Hi: 5}}}},
		{Claim: OutOfBounds{read, "n2", 2, 5, 5}},
		{Claim: Answered{read, "n2", 2, reply}},
		{Sum{read, "n2", 2, formula, []Part{{"seq-kv t", 2, told.reply}}}, []string{"Formula.How = cached", "Formula.How = cached read"}},
		{Explains{formula, 1, 1}, []string{"Formula.How = cached", "Formula.How = cached read"}},
		{Claim: Told{told.reply, "n2", "seq-kv", `"t"`, 2, 2, "2", "2", ""}},
		{Claim: Acknowledged{a, "n0", 3, ack}},
		{Claim: Changed{"seq-kv", `"t"`, "n0", first.request, first.at, 1, "", "3", ""}},
		{Claim: Overwritten{"seq-kv", `"t"`, first.at, first.request, "n0", "3", second.at, second.request, "n1", "2", false, found.reply, ""}},
		{Claim: OnlyAdd{b, "n1", 2, second.request, 1}},
		{Claim: another},
		{Claim: AllMissing{read, 3, []Claim{another}}},
		{Claim: LastChange{"n0", "seq-kv", `"t"`, "3", first.at, reply}},
		{Claim: Path{b, "n1", 2, "n2", reply, []int{second.request, told.reply}}},
	}
}

func idleWrite(s *scene) []said {
	a, b := s.ask("c0", "n0", "add", 3), s.ask("c1", "n1", "add", 3)
	first := s.call("n0", `{"type":"write","key":"t","value":3,"msg_id":1}`)
	s.ack(a)
	second := s.call("n1", `{"type":"write","key":"t","value":3,"msg_id":1}`)
	s.ack(b)
	read := s.ask("c0", "n0", "read", 0)
	reply := s.answer(read, "3")
	return []said{
		{Claim: OutOfBounds{read, "n0", 3, 6, 6}},
		{Claim: Overwritten{"seq-kv", `"t"`, first.at, first.request, "n0", "3", second.at, second.request, "n1", "3", true, -1, ""}},
		{Claim: AskedNobody{read, "n0"}},
		{Claim: LastGot{"n0", s.at() - 2, first.reply, "seq-kv"}},
		{Claim: Sum{read, "n0", 3, Formula{How: CachedKey, Key: `seq-kv "t"`}, []Part{{"seq-kv t", 3, first.reply}}}},
		{Claim: Answered{read, "n0", 3, reply}},
	}
}

func oldStates(s *scene) []said {
	a := s.ask("c0", "n0", "add", 3)
	s.call("n0", `{"type":"cas","key":"t","from":0,"to":3,"create_if_not_exists":true,"msg_id":1}`)
	s.ack(a)
	b := s.ask("c0", "n0", "add", 4)
	s.call("n0", `{"type":"cas","key":"t","from":3,"to":7,"msg_id":2}`)
	ack := s.ack(b)
	read := s.ask("c1", "n1", "read", 0)
	old := s.callOld("n1", 1, `{"type":"read","key":"t","msg_id":1}`)
	reply := s.answer(read, "3")
	again := s.ask("c1", "n1", "read", 0)
	before := s.call("n1", `{"type":"read","key":"t","msg_id":2}`)
	c := s.ask("c0", "n0", "add", 1)
	third := s.call("n0", `{"type":"cas","key":"t","from":7,"to":8,"msg_id":3}`)
	s.ack(c)
	late := s.answer(again, "7")
	told := Told{old.reply, "n1", "seq-kv", `"t"`, 1, 2, "3", "7", ""}
	return []said{
		{Claim: told},
		{Claim: AllMissing{read, 4, []Claim{told}}},
		{Claim: Cone{read, "n1", nil, []int{b}, 4}},
		{Cone{read, "n1", []int{old.reply}, []int{b}, 4}, []string{"Replies without 0"}},
		{Claim: NoPath{b, "n0", 4, "n1", reply}},
		{Claim: ChangedSince{before.reply, "n1", "seq-kv", `"t"`, "7", "8", "", late}},
		{Claim: Acknowledged{b, "n0", 4, ack}},
		{Claim: Changed{"seq-kv", `"t"`, "n0", third.request, third.at, 3, "7", "8", ""}},
		{Claim: NeverTold{"n1", "seq-kv", `"t"`, old.request}},
	}
}

func countedTwice(s *scene) []said {
	a := s.ask("c0", "n0", "add", 2)
	first := s.store(s.pass("n0", "seq-kv", `{"type":"cas","key":"t","from":0,"to":2,"create_if_not_exists":true,"msg_id":1}`), 0)
	s.happens(journal.Lost, first.reply)
	found := s.call("n0", `{"type":"read","key":"t","msg_id":2}`)
	second := s.call("n0", `{"type":"cas","key":"t","from":2,"to":4,"msg_id":3}`)
	ack := s.ack(a)
	read := s.ask("c0", "n0", "read", 0)
	s.call("n0", `{"type":"read","key":"t","msg_id":4}`)
	reply := s.answer(read, "4")
	twice := CountedTwice{"seq-kv", `"t"`, "", a, "n0", 2, first.at, second.at}
	counted := Counted{"seq-kv", `"t"`, "", "n0", s.at() - 2, 2, 2, 4}
	s.send("n0", "seq-kv", `{"type":"read","key":"t","msg_id":5}`)
	return []said{
		{Claim: OutOfBounds{read, "n0", 4, 2, 2}},
		{Claim: twice},
		{Claim: AllMissing{read, -2, []Claim{twice}}},
		{Claim: counted},
		{Claim: AllMissing{read, -2, []Claim{counted}}},
		{Claim: AskedInVain{first.request, found.request, "n0", "seq-kv"}},
		{Claim: Unreplied{reply + 1, "n0", "seq-kv"}},
		{Claim: s.run().Sent(first.reply)},
		{Claim: Acknowledged{a, "n0", 2, ack}},
		{Claim: Answered{read, "n0", 4, reply}},
	}
}

func copies(s *scene) []said {
	a := s.ask("c0", "n0", "add", 2)
	first := s.store(s.pass("n0", "seq-kv", `{"type":"cas","key":"t","from":0,"to":2,"create_if_not_exists":true,"msg_id":1}`), 0)
	late := s.send("n0", "seq-kv", `{"type":"write","key":"t","value":2,"msg_id":9}`)
	s.happens(journal.IsLate, late)
	s.journal[s.at()-1].Delay = 50 * time.Millisecond
	doubled := s.send("n0", "seq-kv", `{"type":"write","key":"u","value":1,"msg_id":2}`)
	s.happens(journal.Doubled, doubled)
	s.happens(journal.Received, doubled)
	one := s.store(doubled, 0)
	s.happens(journal.Received, one.reply)
	other := s.call("n1", `{"type":"write","key":"u","value":5,"msg_id":1}`)
	s.happens(journal.Received, doubled)
	two := s.store(doubled, 0)
	s.ack(a)
	s.ask("c1", "n1", "add", 3)
	lost := s.call("n1", `{"type":"cas","key":"t","from":2,"to":5,"msg_id":2}`)
	s.happens(journal.Received, late)
	back := s.store(late, 0)
	more := s.pass("n0", "n1", `{"type":"more","delta":4}`)
	s.happens(journal.Received, more)
	heard := s.pass("n1", "n0", `{"type":"more","delta":4}`)
	return []said{
		{Claim: SecondCopy{"seq-kv", `"u"`, doubled, "n0", one.at, two.at}},
		{Claim: GotTwice{more, more, heard, "n0", "n1"}},
		{Claim: WrittenBack{"seq-kv", `"t"`, lost.at, "n1", "5", back.at, late, "n0", "2"}},
		{Claim: WrittenBack{"seq-kv", `"u"`, other.at, "n1", "5", two.at, doubled, "n0", "1"}},
		{Claim: s.run().Sent(doubled)},
		{Claim: s.run().Sent(late)},
		{Claim: s.run().Sent(first.reply)},
	}
}

func early(s *scene) []said {
	a := s.ask("c0", "n0", "add", 2)
	s.ack(a)
	read := s.ask("c1", "n1", "read", 0)
	none := s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
	reply := s.answer(read, "0")
	answered := s.at() - 2
	s.call("n0", `{"type":"cas","key":"t","from":0,"to":2,"create_if_not_exists":true,"msg_id":1}`)
	counted := Counted{"seq-kv", `"t"`, "", "n0", answered, 2, 2, 0}
	return []said{
		{Claim: OutOfBounds{read, "n1", 0, 2, 2}},
		{Claim: counted},
		{Claim: AllMissing{read, 2, []Claim{counted}}},
		{Claim: Silent{a, "n0", 2, []string{"n0"}, "n1", reply}},
		{Claim: Told{none.reply, "n1", "seq-kv", `"t"`, 0, 0, "", "", ""}},
		{Sum{read, "n1", 0, Formula{How: Keys}, []Part{{"seq-kv t", 0, none.reply}}}, []string{"Formula.How = cached keys"}},
	}
}

func ones(s *scene) []said {
	for i, delta := range []int64{4, 1, 3} {
		op := s.ask("c0", "n0", "add", delta)
		s.call("n0", `{"type":"cas","key":"t","from":{"n0":%d},"to":{"n0":%d},"create_if_not_exists":true,"msg_id":%d}`, i, i+1, i)
		s.ack(op)
	}
	read := s.ask("c0", "n0", "read", 0)
	told := s.call("n0", `{"type":"read","key":"t","msg_id":9}`)
	s.answer(read, "3")
	return []said{
		{Told{told.reply, "n0", "seq-kv", `"t"`, 3, 3, `{"n0":3}`, `{"n0":3}`, "n0"}, []string{"Path = "}},
		{Claim: SameSteps{"seq-kv", `"t"`, "n0", "n0", 3, 1, 3, 8}},
		{Claim: Counted{"seq-kv", `"t"`, "n0", "n0", s.at() - 2, 8, 8, 3}},
	}
}

func cutLink(s *scene) []said {
	a := s.ask("c0", "n0", "add", 4)
	cut := s.send("n0", "n1", `{"type":"more","delta":4}`)
	s.happens(journal.Blocked, cut)
	s.pass("n0", "n2", `{"type":"more","delta":4}`)
	s.happens(journal.Lost, s.send("n0", "n2", `{"type":"more","delta":4}`)) // which knows it already
	s.happens(journal.Lost, s.send("n0", "n1", `{"type":"hello"}`))          // which says nothing
	ack := s.ack(a)
	s.pass("n2", "n1", `{"type":"hello","msg_id":1}`)
	b := s.ask("c1", "n1", "add", 1)
	s.ack(b)
	first := s.ask("c3", "n0", "read", 0)
	s.answer(first, "4")
	read := s.ask("c1", "n1", "read", 0)
	s.History[read].Final = true
	reply := s.answer(read, "1")
	cone := Cone{read, "n1", nil, []int{a}, 4}
	sum := Sum{read, "n1", 1, Formula{How: OwnAlone}, []Part{{"n1", 1, -1}}}
	off := PartOff{sum, "n0", 0, 4, 4}
	return []said{
		{Claim: cone},
		{Claim: ToldNothing{first, "n0"}},
		{Claim: AllMissing{read, 4, []Claim{cone}}},
		{Claim: NoPath{a, "n0", 4, "n1", reply}},
		{Claim: Undelivered{a, "n0", 4, reply, []int{cut}}},
		{Claim: s.run().Sent(cut)},
		{Claim: NoService{}},
		{Claim: sum},
		{Claim: off},
		{Claim: AllMissing{read, 4, []Claim{off}}},
		{Claim: Acknowledged{a, "n0", 4, ack}},
	}
}

func askPeers(s *scene) []said {
	for i, delta := range []int64{1, 2} {
		s.ack(s.ask("c0", []string{"n0", "n1"}[i], "add", delta))
	}
	read := s.ask("c2", "n2", "read", 0)
	s.pass("n2", "n0", `{"type":"local","msg_id":1}`)
	asked := s.pass("n2", "n1", `{"type":"local","msg_id":2}`)
	heard := s.pass("n0", "n2", `{"type":"local_ok","value":1,"in_reply_to":1}`)
	lost := s.send("n1", "n2", `{"type":"local_ok","value":2,"in_reply_to":2}`)
	s.happens(journal.Lost, lost)
	reply := s.answer(read, "1")
	formula := Formula{PeersAnswers, "", "local_ok", "value"}
	sum := Sum{read, "n2", 1, formula, []Part{{"n0", 1, heard}, {"n2", 0, -1}}}
	off := PartOff{sum, "n1", 0, 2, 2}
	return []said{
		{sum, []string{"Formula.How = peers' last"}},
		{off, []string{"Of.Formula.How = peers' last"}},
		{AllMissing{read, 2, []Claim{off}}, []string{"Of[0].Of.Formula.How = peers' last"}},
		{Claim: AnsweredBefore{read, "n2", []int{asked}}},
		{Claim: Path{0, "n0", 1, "n2", reply, []int{heard}}},
		{Explains{formula, 1, 1}, []string{"Formula.How = peers' last", "Formula.How = deltas", "Formula.How = told", "Formula.How = cached", "Formula.How = cached read"}},
		{Claim: LastGot{"n2", s.at() - 2, heard, "n0"}},
	}
}

func gossip(s *scene) []said {
	s.ack(s.ask("c0", "n0", "add", 1))
	first := s.pass("n0", "n1", `{"type":"gossip","parts":{"n0":1}}`)
	s.ack(s.ask("c0", "n0", "add", 2))
	s.ack(s.ask("c1", "n1", "add", 5))
	s.now += 20 * time.Millisecond
	read := s.ask("c1", "n1", "read", 0)
	second := s.pass("n0", "n1", `{"type":"gossip","parts":{"n0":3}}`)
	s.answer(read, "6")
	last := s.ask("c1", "n1", "read", 0)
	s.answer(last, "8")
	s.answer(s.ask("c1", "n1", "read", 0), "8")
	formula := Formula{PeersMost, "", "gossip", "parts"}
	sum := Sum{read, "n1", 6, formula, []Part{{"n0", 1, first}, {"n1", 5, -1}}}
	off := PartOff{sum, "n0", 1, 3, 3}
	return []said{
		{Claim: OutOfBounds{read, "n1", 6, 8, 8}},
		{Claim: sum},
		{Claim: off},
		{Claim: AllMissing{read, 2, []Claim{off}}},
		{Claim: Explains{formula, 2, 3}},
		{Sum{last, "n1", 8, formula, []Part{{"n0", 3, second}, {"n1", 5, -1}}}, []string{"Read = 5"}},
	}
}

func deltas(s *scene) []said {
	s.ack(s.ask("c0", "n0", "add", 1))
	once := s.pass("n0", "n1", `{"type":"more","delta":1,"msg_id":1}`)
	again := s.pass("n0", "n1", `{"type":"more","delta":1,"msg_id":1}`)
	read := s.ask("c1", "n1", "read", 0)
	reply := s.answer(read, "2")
	s.ack(s.ask("c0", "n0", "add", 4))
	missing := s.send("n0", "n1", `{"type":"more","delta":4,"msg_id":2}`)
	s.now += 20 * time.Millisecond
	last := s.ask("c1", "n1", "read", 0)
	s.answer(last, "2")
	formula := Formula{Deltas, "", "more", "delta"}
	sum := Sum{read, "n1", 2, formula, []Part{{"n0", 2, -1}, {"n1", 0, -1}}}
	over := PartOff{sum, "n0", 2, 1, 1}
	short := DeltasMissing{last, "n1", "n0", "more", "delta", []int{missing}, 4}
	return []said{
		{Claim: sum},
		{Claim: GotTwice{once, again, reply, "n0", "n1"}},
		{Claim: over},
		{Claim: AllMissing{read, -1, []Claim{over}}},
		{Claim: short},
		{Claim: Explains{formula, 2, 2}},
	}
}

func keys(s *scene) []said {
	a := s.ask("c0", "n0", "add", 2)
	s.call("n0", `{"type":"write","key":"n0","value":"2","msg_id":1}`)
	s.ack(a)
	b := s.ask("c1", "n1", "add", 3)
	s.call("n1", `{"type":"write","key":"n1","value":"3","msg_id":1}`)
	s.ack(b)
	read := s.ask("c0", "n0", "read", 0)
	x := s.call("n0", `{"type":"read","key":"n0","msg_id":2}`)
	y := s.call("n0", `{"type":"read","key":"n1","msg_id":3}`)
	s.answer(read, "5")
	for range 2 {
		again := s.ask("c0", "n0", "read", 0)
		s.call("n0", `{"type":"read","key":"n0","msg_id":4}`)
		s.call("n0", `{"type":"read","key":"n1","msg_id":5}`)
		s.answer(again, "5")
	}
	odd := s.ask("c1", "n0", "read", 0)
	s.answer(odd, "4")
	return []said{
		{Sum{read, "n0", 5, Formula{How: Keys}, []Part{{"seq-kv n0", 2, x.reply}, {"seq-kv n1", 3, y.reply}}}, []string{"Formula.How = cached keys"}},
		{Sum{read, "n0", 5, Formula{How: OthersKeys}, []Part{{"n0", 2, -1}, {"seq-kv n1", 3, y.reply}}}, []string{"Formula.How = others' cached keys"}},
		{Claim: NotExplained{odd, "n0", 4}},
		{Explains{Formula{How: CachedKeys}, 3, 4}, []string{"Formula.How = keys", "Formula.How = others' keys", "Formula.How = others' cached keys"}},
	}
}

func noAnswers(s *scene) []said {
	open := s.ask("c0", "n0", "add", 1)
	call := s.send("n0", "seq-kv", `{"type":"read","key":"t","msg_id":1}`)
	s.happens(journal.Lost, call)
	op := s.ask("c1", "n0", "add", 3)
	s.giveUp(op)
	busy := s.send("n0", "lin-kv", `{"type":"read","key":"t"}`)
	stuck := s.ask("c2", "n1", "add", 2)
	told := s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
	s.giveUp(stuck)
	never := s.plan("c3", "n2", "add", 4)
	s.giveUp(never)
	late := s.ask("c4", "n2", "read", 0)
	value := s.call("n2", `{"type":"read","key":"t","msg_id":1}`)
	s.giveUp(late)
	reply := s.pass("n2", "c4", `{"type":"read_ok","value":0,"in_reply_to":1}`)
	s.giveUp(open)
	return []said{
		{Claim: OnlyAdd{op, "n0", 3, busy, 2}},
		{Claim: Unanswered{op, "n0", "add", 3, s.asked[op]}},
		{Claim: InHand{op, "n0", 1}},
		{Claim: SentSince{op, "n0", 0, nil}},
		{Claim: SentSince{stuck, "n1", 0, []int{told.request}}},
		{Claim: NextSent{"n1", told.reply, -1}},
		{Claim: NextSent{"n2", value.reply, reply}},
		{Claim: Unreplied{call, "n0", "seq-kv"}},
		{Claim: Unanswered{never, "n2", "add", 4, s.asked[never]}},
		{Claim: Unanswered{late, "n2", "read", 0, s.asked[late]}},
		{Claim: AnsweredLate{late, reply}},
		{Claim: NoneSucceeded{"add", 4, 4}},
		{Claim: NoneSucceeded{"read", 1, 1}},
		{Claim: NeverSet{"seq-kv", `"t"`, 2}},
	}
}

func repeats(s *scene) []said {
	op := s.ask("c0", "n0", "add", 1)
	var first handled
	for i := range 4 {
		h := s.call("n0", `{"type":"cas","key":"t","from":0,"to":1,"msg_id":%d}`, i)
		if i == 0 {
			first = h
		}
	}
	s.giveUp(op)
	full := s.note(journal.Entry{What: journal.Gap, Omitted: &journal.Omission{
		Lines: 9000, Until: time.Second, MoreTimes: 3,
		Most: []journal.Frequent{{Src: "n0", Dest: "seq-kv", Body: json.RawMessage(`{"type":"cas"}`), Times: 1500}},
	}})
	return []said{
		{Claim: Repeated{op, "n0", first.request, "seq-kv", true, 4, first.reply, 20, 4, false}},
		{Claim: LeftOut{full, 9000}},
		{Claim: SentMost{full, 0, "n0", "seq-kv", 1500}},
	}
}

func wrongAnswers(s *scene) []said {
	op := s.ask("c0", "n0", "add", 1)
	wrong := s.pass("n0", "c0", `{"type":"add_ok","in_reply_to":2}`)
	s.giveUp(op)
	bad := func(client, f, body string, problem Problem, field string) said {
		op := s.ask(client, "n1", f, 0)
		reply := s.answer(op, body)
		s.History[op].Outcome = verdict.Info
		return said{Claim: BadAnswer{op, reply, problem, field}}
	}
	refused := s.ask("c9", "n1", "add", 4)
	reply := s.fail(refused, 11)
	open := s.ask("c9", "n1", "add", 1)
	maybe := s.fail(open, 13)
	twice := s.ask("c8", "n2", "add", 0)
	s.ack(twice)
	second := s.pass("n2", "c8", `{"type":"add_ok","in_reply_to":1}`)
	read := s.ask("c7", "n2", "read", 0)
	s.History[read].Final = true
	s.answer(read, "4")
	return []said{
		{Claim: WrongReplyTo{op, wrong, "2", "1"}},
		bad("c1", "add", `"type":"ok"`, WrongType, "ok"),
		bad("c2", "read", `"type":"read_ok"`, NoField, "value"),
		bad("c3", "add", `"type":"add_ok","value":1`, ExtraField, "value"),
		bad("c4", "read", `"type":"read_ok","value":"1"`, NotInteger, "value"),
		bad("c5", "add", `"type":"error","code":"busy"`, NoSuchCode, `"busy"`),
		bad("c6", "read", `"type":"read_ok","value":9223372036854775808`, TooLarge, "value"),
		{Claim: BadAnswer{twice, second, TwoAnswers, ""}},
		{Claim: Refused{refused, reply, "n1", 11, true}},
		{Claim: Refused{open, maybe, "n1", 13, false}},
		{Claim: CountsRefused{read, "n2", 4, []Range{{Lo: 0, Hi: 2}}}},
		{Claim: OutOfBounds{read, "n2", 4, 0, 2}},
	}
}

func outOfOrder(s *scene) []said {
	add := s.ask("c0", "n0", "add", 3)
	first := s.ask("c1", "n1", "read", 0)
	s.answer(first, "3")
	second := s.ask("c2", "n2", "read", 0)
	s.answer(second, "0")
	s.ack(add)
	s.Facts = verdict.CounterFacts{Unexplained: &verdict.Violation{Index: second, Read: 0, Bounds: Range{Lo: 3, Hi: 3}}}
	return []said{
		{Claim: BelowSeen{second, "n2", 0, first, "n1", 3}},
		{Claim: NotLinearizable{second, "n2", 0, 3, 3}},
	}
}

func lives(s *scene) []said {
	s.ack(s.ask("c2", "n2", "add", 3))
	own := s.ask("c3", "n2", "read", 0)
	s.answer(own, "2")
	s.ack(s.ask("c0", "n0", "add", 2))
	killed := s.node(journal.Killed, "n0", "")
	dead := s.send("c0", "n0", `{"type":"read","msg_id":2}`)
	s.happens(journal.Received, dead)
	op := s.ask("c1", "n1", "add", 1)
	line := s.node(journal.ToStderr, "n1", "KeyError: 'value'")
	s.giveUp(op)
	mute := s.node(journal.Muted, "n2", "hello")
	s.journal[mute].Why = "it is not JSON"
	s.node(journal.Unheard, "n2", `{"src":"n2"}`)
	pending := s.node(journal.Pending, "n2", `{"src":"n2"`)
	got := s.pass("seq-kv", "n1", `{"type":"write_ok","in_reply_to":1}`)
	s.ack(op)
	s.node(journal.Crashed, "n1", "exit status 1")
	s.Crashes = []verdict.Crash{{Node: "n1", At: s.now, Why: "exit status 1", Stderr: "Traceback\n TypeError: x\n"}}
	return []said{
		{Claim: OwnAcked{own, "n2", 2, 3}},
		{Claim: Killed{"n0", killed}},
		{Claim: AckedInMemory{"n0", killed, 2}},
		{Claim: s.run().Sent(dead)},
		{Claim: Stderr{"n1", "KeyError: 'value'", line}},
		{Claim: Within{op, "n1", line}},
		{Claim: Mute{"n2", "hello", "it is not JSON", mute, 1}},
		{Claim: PendingBytes{"n2", `{"src":"n2"`, pending}},
		{Claim: Crash{"n1", s.now, "exit status 1", false}},
		{Claim: LastGot{"n1", s.at() - 3, got, "seq-kv"}},
		{Claim: Stderr{"n1", "TypeError: x", -1}},
	}
}

func throughStore(s *scene) []said {
	a := s.ask("c0", "n0", "add", 2)
	set := s.call("n0", `{"type":"write","key":"n0","value":2,"msg_id":1}`)
	s.ack(a)
	read := s.call("n1", `{"type":"read","key":"n0","msg_id":1}`)
	total := s.call("n1", `{"type":"write","key":"sum","value":2,"msg_id":2}`)
	b := s.ask("c0", "n0", "add", 5)
	s.call("n0", `{"type":"write","key":"n0","value":7,"msg_id":2}`)
	s.ack(b)
	op := s.ask("c2", "n2", "read", 0)
	sum := s.call("n2", `{"type":"read","key":"sum","msg_id":1}`)
	reply := s.answer(op, "2")
	return []said{
		{Claim: Path{a, "n0", 2, "n2", reply, []int{set.request, read.reply, total.request, sum.reply}}},
		{Claim: NoPath{b, "n0", 5, "n2", reply}},
		{Claim: Cone{op, "n2", nil, []int{b}, 5}},
		{Cone{op, "n2", []int{sum.reply}, []int{b}, 5}, []string{"Replies without 0"}},
		{Claim: LastChange{"n1", "seq-kv", `"sum"`, "2", total.at, reply}},
	}
}

func misdirected(s *scene) []said {
	earlier := s.store(s.pass("n0", "seq-kv", `{"type":"read","key":"t","msg_id":1}`), 0)
	s.node(journal.Killed, "n0", "")
	s.node(journal.Started, "n0", "")
	call := s.send("n0", "seq-kv", `{"type":"cas","key":"t","from":0,"to":2,"msg_id":1}`)
	s.happens(journal.Received, earlier.reply)
	return []said{{Claim: Misdirected{"n0", earlier.reply, call, earlier.request}}}
}

func unseen(s *scene) []said {
	s.ask("c0", "n0", "add", 1)
	s.call("n0", `{"type":"read","key":"t","msg_id":1}`)
	heard := s.now
	handed := s.pass("c1", "n0", `{"type":"read","msg_id":1}`)
	s.node(journal.Crashed, "n0", "")
	s.Crashes = []verdict.Crash{{Node: "n0", At: heard, Why: "exit status 2", Stderr: "KeyError: 'x'", Unseen: true}, {Node: "n2", At: -3, Why: "why", Unseen: true}}
	s.Lives.Stderr = map[string]string{"n1": "hello\n ValueError: y\n"}
	return []said{
		{Claim: Crash{"n0", heard, "exit status 2", true}},
		{Claim: Crash{"n2", -3, "why", true}},
		{NextSent{"n0", handed, -1}, []string{"Message = 2"}}, // which it had been told before
		{Claim: Stderr{"n0", "KeyError: 'x'", -1}},
		{Claim: Stderr{"n1", "ValueError: y", -1}},
	}
}

func unrecorded(s *scene) []said {
	early := s.pass("n1", "n2", `{"type":"hello"}`)
	s.journal[s.at()-2].Time, s.journal[s.at()-1].Time = -2, -1
	s.note(journal.Entry{What: journal.Gap, Omitted: &journal.Omission{Lines: 2, Until: s.now, Missing: true}})
	op := s.ask("c0", "n0", "add", 1)
	told := s.call("n0", `{"type":"cas","key":"t","from":0,"to":1,"msg_id":1}`)
	s.call("n0", `{"type":"cas","key":"t","from":0,"to":1,"msg_id":2}`)
	mute := s.node(journal.Muted, "n2", "")
	s.journal[mute].Why = "no src"
	never := s.plan("c1", "n1", "add", 3)
	gap := s.note(journal.Entry{What: journal.Gap, Omitted: &journal.Omission{Lines: 7, Until: s.now, Missing: true}})
	s.giveUp(op)
	s.giveUp(never)
	s.History[never].Unanswered = true
	return []said{
		{Claim: s.run().Sent(early)},
		{Claim: s.run().Sent(s.asked[never])},
		{Claim: Mute{"n2", "", "no src", mute, 0}},
		{Claim: Repeated{op, "n0", told.request, "seq-kv", true, 2, told.reply, 20, 2, true}},
		{Claim: LeftOut{gap, 7}},
		{Claim: Unanswered{never, "n1", "add", 3, s.asked[never]}},
	}
}
