STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help build test lint clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## build the node, ./maelstrom-counter
	go build -o maelstrom-counter .

test: ## run all tests, and a tenth of the simulations under the race detector
	go test ./...
	go test -short -race ./...

lint: ## gofmt, go vet and staticcheck
	@files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "not gofmt-ed: $$files"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...

clean: ## remove what the other targets made
	rm -rf maelstrom-counter store .maelstrom
