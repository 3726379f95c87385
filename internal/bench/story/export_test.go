package story

// Check is check, for the tests that run nodes: package maelstromtest, which
// does that, imports this one.
var Check = check
