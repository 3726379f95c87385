STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
SEEDS ?= 1000
FUZZTIME ?= 30s

.PHONY: help build test race lint run why compare explain soak fuzz mutants maelstrom clean

# What make help prints are the lines that begin with ##.
help:
	@sed -n 's/^##$$//p; s/^## //p' $(MAKEFILE_LIST)

## Use it:
##   make build      build the node, ./maelstrom-counter; -h explains its flags
build:
	@go build -o maelstrom-counter .

##   make run        run the exercise's test on the bench, without Maelstrom
##                   (30 s); ARGS="--latency 100" adds flags, ARGS=-h explains them
run: build
	@mkdir -p .bin && go build -o .bin/bench ./scripts/bench
	@.bin/bench -w g-counter --bin ./maelstrom-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition --consistency linearizable $(ARGS)

##   make maelstrom  run it with the real Maelstrom, and say why if it was wrong;
##                   ARGS="--latency 100" adds flags, ARGS=-h says what it needs
maelstrom:
	scripts/maelstrom.sh $(ARGS)

##   make compare    compare this counter with others on the same seeds (1 min);
##                   ARGS="-seeds 50" runs 50 seeds instead of 5
compare:
	@mkdir -p .bin && go test -c -o .bin/compare.test .
	@.bin/compare.test -test.run '^TestCompare$$' -compare $(ARGS)

##   make explain    find the shortest runs in which usual designs fail (30 s);
##                   ARGS="-design cas -fault late" finds one of them
##
explain:
	@mkdir -p .bin && go test -c -o .bin/explain.test ./internal/bench/explain
	@.bin/explain.test -test.run '^TestExplain$$' -explain $(ARGS)

## Test a node of your own:
##   go run ./scripts/bench --bin ./my-node --rate 100 --nemesis partition
##                   test any executable file; -h explains all flags
##   go build ./scripts/rival
##                   make ./rival, a node to try that with; -h lists its designs
##   make why        say why a run of the real Maelstrom was wrong: the one in
##                   STORE=~/maelstrom/store/latest, or else in ./store/latest;
##                   ARGS="-o folder" adds flags, ARGS=-h explains them
##
why:
	@mkdir -p .bin && go build -o .bin/bench ./scripts/bench
	@case "$$STORE" in "~/"*) STORE="$$HOME/$${STORE#??}";; esac; .bin/bench why $(ARGS) -- $${STORE:+"$$STORE"}

## Work on the code:
##   make test       run all tests (4 min on 2 cores)
# The longest come first: the simulations, and beside them the tests that wait
# for processes. With -count=1, since results of the tests of binaries must not
# come from the cache.
test:
	GOGC=400 go test -count=1 . ./scripts/... ./internal/bench/story ./internal/bench/maelstromtest ./internal/node ./...

##   make race       run them with the race detector, with fewer seeds (3 min)
race:
	GOGC=400 go test -count=1 -short -race ./...

##   make lint       check with gofmt, go vet and staticcheck
lint:
	@files=$$(gofmt -l .) || exit; if [ -n "$$files" ]; then echo "not gofmt-ed: $$files"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...

##   make soak       search larger models (1 min, 5 GB), and run SEEDS=1000 seeds
##                   of the main simulations (some seconds each)
soak:
	go test -count=1 -timeout 0 -run TestNoStateOfTheModelIsWrong ./internal/desk -deep
	go test -count=1 -timeout 0 -run 'NothingIsLost|ExercisesWorkloadIsRight|Starves' . -seeds $(SEEDS)

##   make fuzz       run each fuzz target for FUZZTIME=30s
fuzz:
	@set -e; packages=$$(go list ./...); for package in $$packages; do \
		targets=$$(go test -list '^Fuzz' $$package); \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package; \
		done; \
	done

##   make mutants    break the code in small ways, and check that its tests
##                   notice (20 min); ROOMS="desk pace" breaks only these packages
mutants:
	@# A mutant may grow for ever.
	@ulimit -v 8000000 2>/dev/null; go run ./scripts/mutants $(ROOMS)

##   make clean      remove what the other targets have made
##   go test -run Transcripts . -update
##                   write the transcripts anew, as the node behaves now
##
clean:
	rm -rf maelstrom-counter rival .bin store .maelstrom

## Measure:
##   go test -run TestSpeed -v .    latency and messages, in virtual time
##   go test -run AFarNode -v .     how much a node far from the store serves
##   go test -run '^$' -bench Counter/contender=ours -benchtime 1x -count 10 .
##                   the conditions of make compare, for benchstat
##   go test -run '^$' -bench Process -benchtime 50x ./internal/node
##                   a million adds, against a node that only echoes
