package trial

// Mistakes are mistakes in the counter that its tests have to catch.
var Mistakes = []Mistake{
	{"receipts ignored", map[string][]string{
		"internal/ledger/ledger.go": {"case order == 0 && f.Seq <= r.Seq:", "case false:"},
		"internal/desk/desk.go": {"// Refuse ends", `func (d *Desk) Won(total int64) {
	for _, b := range d.queue() {
		d.done(b, total)
	}
	d.sweep()
}

// Refuse ends`},
		"counter.go": {"		c.desk.Settle(next)\n", "		c.desk.Won(next.Total)\n"},
	}},
	{"reads answered from a plain read", map[string][]string{
		"counter.go": {"	c.lock()\n	defer c.unlock()\n	c.stats.requests++", `	if r.Kind == desk.Read {
		go func() {
			var reply struct{ Value ledger.Value }
			wait := c.node.Ask(maelstrom.SeqKV, map[string]any{"type": "read", "key": c.Key})
			_ = wait(c.node.Context(), "read_ok", &reply)
			c.node.Reply(msg.Src, r.MsgID, map[string]any{"type": "read_ok", "value": reply.Value.Total})
		}()
		return
	}
	c.lock()
	defer c.unlock()
	c.stats.requests++`},
	}},
	{"a plain write in place of the compare-and-swap", map[string][]string{
		"internal/register/register.go": {
			`r.insist(ctx, "cas_ok", refusals, func() request { return cas })`,
			`r.insist(ctx, "write_ok", nil, func() request { return request{Type: "write", Key: r.key, Value: json.RawMessage(raw)} })`,
			"Value  string ", "Value  any ",
		},
	}},
}
