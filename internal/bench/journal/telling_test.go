package journal

import (
	"strings"
	"testing"
)

func TestTheLineThatNamesTheErrorIsFound(t *testing.T) {
	for name, test := range map[string]struct{ stderr, want string }{
		"nothing": {"", ""},
		"a log":   {"starting\nno configuration found\n\n", "no configuration found"},
		"Go": {
			"2026/01/02 read\npanic: assignment to entry in nil map [recovered]\n\tpanic: again\n\ngoroutine 7 [running]:\nmain.main()\n\t/x/main.go:3 +0x1\nexit status 2\n",
			"panic: assignment to entry in nil map [recovered]",
		},
		"log.Fatal by go run": {"2026/01/02 10:00:00 cannot parse\nexit status 1\n", "2026/01/02 10:00:00 cannot parse"},
		"Python": {
			"Traceback (most recent call last):\n  File \"n.py\", line 1, in <module>\n    f()\nKeyError: 'a'\n\n" +
				"During handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n" +
				"  File \"n.py\", line 3, in <module>\n    boom()\n    ~~~~^^\nmy.Boom: delta of undefined\nbye\n",
			"my.Boom: delta of undefined",
		},
		"a group of Python's": {
			"  + Exception Group Traceback (most recent call last):\n  |   File \"n.py\", line 1\n  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n" +
				"  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"n.py\", line 9, in f\n    | KeyError: 'value'\n" +
				"    +------------------------------------\n",
			"KeyError: 'value'",
		},
		"a traceback that is cut off": {"Traceback (most recent call last):\n  File \"n.py\", line 1\n", "File \"n.py\", line 1"},
		"Node": {
			"/x/n.js:10\n    throw new TypeError('delta of undefined');\n    ^\n\nTypeError: delta of undefined\n    at f (/x/n.js:10:5)\n    at g (/x/n.js:1:1)\n\nNode.js v20.20.2\n",
			"TypeError: delta of undefined",
		},
		"Node without an error": {"/x/n.js:1\nthrow 'no value';\n^\nno value\n(Use `node --trace-uncaught ...` to show where the exception was thrown)\n\nNode.js v20.20.2\n", "no value"},
		"Java": {
			"Exception in thread \"main\" java.lang.RuntimeException: outer\n\tat a.B.c(B.java:1)\nCaused by: java.lang.NullPointerException: value\n\tat a.B.d(B.java:2)\n\t... 1 more\n",
			"Caused by: java.lang.NullPointerException: value",
		},
		"Java without a cause": {"Exception in thread \"main\" java.lang.Error: outer\n\tat a.B.c(B.java:1)\n", "Exception in thread \"main\" java.lang.Error: outer"},
		"Rust": {
			"thread 'main' panicked at src/main.rs:10:5:\ncalled `Option::unwrap()` on a `None` value\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
			"thread 'main' panicked at src/main.rs:10:5: called `Option::unwrap()` on a `None` value",
		},
		"Rust before 1.73": {"thread 'main' panicked at 'no value', src/main.rs:4:5\nnote: run with `RUST_BACKTRACE=1`\n", "thread 'main' panicked at 'no value', src/main.rs:4:5"},
		"Ruby":             {"n.rb:3:in `add': undefined method `+' for nil (NoMethodError)\n\tfrom n.rb:9:in `<main>'\n", "n.rb:3:in `add': undefined method `+' for nil (NoMethodError)"},
		"Lua":              {"lua: n.lua:1: attempt to index nil\nstack traceback:\n\t[C]: in ?\n", "lua: n.lua:1: attempt to index nil"},
	} {
		if got := Telling(strings.Split(test.stderr, "\n")); got != test.want {
			t.Errorf("%s: %q, not %q", name, got, test.want)
		}
	}
}
