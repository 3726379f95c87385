STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
SEEDS ?= 1000
FUZZTIME ?= 30s

.PHONY: help build test race lint run why compare explain soak fuzz mutants maelstrom clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## build the node, ./maelstrom-counter
	@go build -o maelstrom-counter .

# The longest come first: the simulations, and beside them the tests that wait
# for processes. With -count=1, since results of the tests of binaries must not
# come from the cache.
test: ## run all tests (3 minutes on 2 cores)
	GOGC=400 go test -count=1 . ./scripts/... ./internal/bench/story ./internal/bench/maelstromtest ./internal/node ./...

race: ## run the tests, with a tenth of the simulations, under the race detector (3 minutes on 2 cores)
	GOGC=400 go test -count=1 -short -race ./...

lint: ## check with gofmt, go vet and staticcheck
	@files=$$(gofmt -l .) || exit; if [ -n "$$files" ]; then echo "not gofmt-ed: $$files"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...

run: build ## run the exercise's test on the embedded bench (half a minute); ARGS="--latency 100" adds flags
	@mkdir -p .bin && go build -o .bin/bench ./scripts/bench
	@.bin/bench -w g-counter --bin ./maelstrom-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition --consistency linearizable $(ARGS)

why: ## tell what went wrong in a run of the real Maelstrom; STORE=~/maelstrom/store/latest says which, else ./store/latest; ARGS="-o folder" adds flags
	@mkdir -p .bin && go build -o .bin/bench ./scripts/bench
	@case "$$STORE" in "~/"*) STORE="$$HOME/$${STORE#??}";; esac; .bin/bench why $(ARGS) -- $${STORE:+"$$STORE"}

compare: ## print a table of how the counter and its rivals fare, and write it as a page with stories (2 minutes); ARGS="-seeds 50" runs more seeds than 10
	@mkdir -p .bin && go test -c -o .bin/compare.test .
	@.bin/compare.test -test.run '^TestCompare$$' -compare $(ARGS)

explain: ## tell the shortest stories of how the rivals go wrong (20 s); ARGS="-design cas -fault late" tells one
	@mkdir -p .bin && go test -c -o .bin/explain.test ./internal/bench/explain
	@.bin/explain.test -test.run '^TestExplain$$' -explain $(ARGS)

soak: ## search larger models (a minute, 5 GB), and run SEEDS seeds (default 1000) of each simulation (some seconds each)
	go test -count=1 -timeout 0 -run TestNoStateOfTheModelIsWrong ./internal/desk -deep
	go test -count=1 -timeout 0 -run 'NothingIsLost|ExercisesWorkloadIsRight|Starves' . -seeds $(SEEDS)

fuzz: ## fuzz each target for FUZZTIME (default 30s), one after the other
	@set -e; packages=$$(go list ./...); for package in $$packages; do \
		targets=$$(go test -list '^Fuzz' $$package); \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package; \
		done; \
	done

mutants: ## break the rooms in small ways, and check that their tests notice (10 to 20 minutes); ROOMS="desk pace" breaks only these
	@# A mutant may grow for ever.
	@ulimit -v 8000000 2>/dev/null; go run ./scripts/mutants $(ROOMS)

maelstrom: ## run the exercise's test with the real Maelstrom, and tell what went wrong, if anything; ARGS="--latency 100" adds flags
	scripts/maelstrom.sh $(ARGS)

clean: ## remove what the other targets made
	rm -rf maelstrom-counter rival .bin store .maelstrom
