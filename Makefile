# Every target works in a fresh clone with empty caches; `make help` lists them.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-builtin-rules

# What may be set on the command line, with its default.
BOTS      ?= 50
SIM       ?= 60s
SIMFLAGS  ?=
SOAK      ?= 30m
MOVES     ?= 1000000
VERIFY    ?= 1-5
FUZZTIME  ?= 30s
STORIES   ?= 2000
BENCHTIME ?= 1s
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# Pinned so that a new release of the checker cannot turn a green tree red.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# The version is stamped here, so the toolchain's own stamp, which fails in a
# checkout owned by another user, is off.
BUILD    := -trimpath -buildvcs=false -ldflags '-X main.version=$(VERSION)'
RELEASE  := -trimpath -buildvcs=false -ldflags '-s -w -buildid= -X main.version=$(VERSION)'
COMMANDS := messiah=./prod/cmd/messiah messiah-sim=./sim/cmd/messiah-sim messiah-vet=./sim/cmd/messiah-vet
TARGETS  := linux/amd64 linux/arm64

.PHONY: help
help: ## list the targets (the default)
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  Settings: BOTS=$(BOTS) SIM=$(SIM) SOAK=$(SOAK) MOVES=$(MOVES) VERIFY=$(VERIFY) FUZZTIME=$(FUZZTIME) BENCHTIME=$(BENCHTIME) STORIES=$(STORIES)'

.PHONY: run
run: bin/messiah ## build and start a whole cluster with bots; Ctrl-C drains and stops it
	bin/messiah run --bots $(BOTS)

# Rapid draws the same in each run: a new seed each time is for hunting.
.PHONY: test
test: export RAPID_SEED ?= 1
test: all-tools lint ## all that CI checks: lint, every test, and the race detector
	go test -timeout 15m ./...
	go test -timeout 5m -tags planted ./core/planted
	go test -timeout 10m -tags planted ./fuzz/world -run Planted
	go test -timeout 5m -tags planted -run 'Planted|Plans' ./scenarios
	go test -timeout 15m -race -short ./core/... ./netsim/... ./sim/... ./scenarios/... ./prod/...

.PHONY: sim
sim: bin/messiah-sim ## sweep all scenarios with new seeds for SIM of real time
	bin/messiah-sim sweep --for $(SIM) $(SIMFLAGS)

.PHONY: enumerate
enumerate: bin/messiah-sim ## every delivery order and crash point of the small cases, some with more faults
	bin/messiah-sim enumerate connect-then-disconnect --faults 2
	bin/messiah-sim enumerate second-login --timers 3
	bin/messiah-sim enumerate game-lost
	bin/messiah-sim enumerate migrate
	bin/messiah-sim enumerate migrate-manager-down
	bin/messiah-sim enumerate migrate-db-lost
	bin/messiah-sim enumerate migrate-gate-lost
	bin/messiah-sim enumerate migrate-gate-lost-elsewhere
	bin/messiah-sim enumerate migrate-target-lost
	bin/messiah-sim enumerate migrate-source-lost

.PHONY: model
model: all-tools ## the formal model of migration, whole: states, depth and errors of each search, and the planted errors
	go run ./fuzz/model/check

.PHONY: bench
bench: bin/messiah-sim bin/messiah ## benchmarks of every package, the simulator on the full stack, a cluster of processes
	mkdir -p run
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) -timeout 30m ./... | tee run/bench.txt
	for clients in 10 100 1000; do bin/messiah-sim speed --clients $$clients; done
	go run ./prod/cmd/messiah-bench --messiah bin/messiah

.PHONY: fuzz
fuzz: tools ## every native fuzz target for FUZZTIME, one after the other
	.ci/fuzz $(FUZZTIME)

.PHONY: hunt
hunt: tools ## STORIES new stories of the cluster, drawn by rapid and shrunk where one fails
	go test ./fuzz/world -run Withstand -count 1 -timeout 0 -rapid.seed 0 -rapid.checks $(STORIES) -rapid.steps 60

.PHONY: soak
soak: bin/messiah-sim ## a long sweep of SOAK; its outcome is kept as run/soak.xml
	mkdir -p run
	bin/messiah-sim sweep --for $(SOAK) --junit run/soak.xml $(SIMFLAGS)

.PHONY: migrate
migrate: bin/messiah-sim ## MOVES runs of all migration scenarios, about 200 a second on two processors; the outcome is kept as run/migrate.json
	mkdir -p run
	all="$$(bin/messiah-sim list | grep -c '^migrate')"; each="$$(( ($(MOVES) + all - 1) / all ))"; \
	  bin/messiah-sim sweep 'migrate*' --seeds "1-$$each" --json > run/migrate.json; status=$$?; cat run/migrate.json; exit $$status

.PHONY: verify
verify: all-tools bin/messiah-sim ## the same seeds, VERIFY, on amd64 v1 and v3, arm64, the race detector, any GOMAXPROCS and GOGC
	bin/messiah-sim verify --seeds $(VERIFY)

.PHONY: e2e
e2e: tools ## real processes and sockets
	go test -tags e2e -count=1 -timeout 20m ./prod/...

.PHONY: release
release: tools ## static binaries for linux into dist/, with SHA256SUMS
	rm -rf dist
	mkdir -p dist
	for target in $(TARGETS); do \
	  for command in $(COMMANDS); do \
	    out="dist/$${command%%=*}-$${target%%/*}-$${target##*/}"; \
	    echo "$$out $(VERSION)"; \
	    CGO_ENABLED=0 GOOS="$${target%%/*}" GOARCH="$${target##*/}" GOAMD64=v1 \
	      go build $(RELEASE) -o "$$out" "$${command#*=}"; \
	  done; \
	done
	cd dist && if command -v sha256sum >/dev/null; then sha256sum messiah*; else shasum -a 256 messiah*; fi > SHA256SUMS
	cat dist/SHA256SUMS

.PHONY: lint
lint: tools bin/messiah-vet ## gofmt, go vet, staticcheck, the table of RPC names and the determinism checker
	@unformatted="$$(gofmt -l .)"; if [ -n "$$unformatted" ]; then \
	  echo "not formatted (gofmt -w . formats them):" >&2; echo "$$unformatted" >&2; exit 1; fi
	go vet ./...
	go vet -tags planted ./core/planted ./fuzz/world ./scenarios
	go vet -tags e2e ./prod/...
	go run $(STATICCHECK) ./...
	go run ./prod/cmd/messiah rpcindex --check
	packages="$$(go run ./fuzz/rules/deterministic)"; go vet -vettool=$(CURDIR)/bin/messiah-vet $$packages

.PHONY: deps
deps: ## install what is missing (asks first on a terminal)
	.ci/deps install

.PHONY: clean
clean: ## remove everything that was built or left by a run
	rm -rf bin dist run

# Fails, with the command that installs it, if a tool is missing.
.PHONY: tools
tools:
	@.ci/deps check

# The same with what only tests need: the emulator of the other architecture.
.PHONY: all-tools
all-tools:
	@.ci/deps check-all

# The Go tool knows better than make what is up to date.
.PHONY: bin/messiah
bin/messiah: tools
	go build $(BUILD) -o $@ ./prod/cmd/messiah

.PHONY: bin/messiah-sim
bin/messiah-sim: tools
	go build $(BUILD) -o $@ ./sim/cmd/messiah-sim

.PHONY: bin/messiah-vet
bin/messiah-vet: tools
	go build $(BUILD) -o $@ ./sim/cmd/messiah-vet
