# What people and the build service type. `make help` lists it.

PROTOC_GEN_SWIFT_VERSION := 1.39.0
PEERS := .build/test-peers
FORMAT := swift format lint --strict --parallel --configuration .swift-format
# Generated code has its generator's style.
OWN_SWIFT = $(shell find Sources Tests Benchmarks/Sources/RenderBench Benchmarks/Package.swift Package.swift -name '*.swift' ! -name '*.pb.swift' ! -name OpenAPIDocument.swift)
CONTACTS ?= 100000
SEEDS ?= 300
FIRST ?= 1
CUTS ?= 1000
# Of fuzzing, for each parser.
SECONDS ?= 60

.PHONY: help deps build demo test check lint format proto openapi peers crash-sweep faulty-relay fuzz mutations bench bench-smoke forecasts power-cuts simulate clean

help:
	@echo 'make deps     install the system libraries that the build needs (Debian, Ubuntu)'
	@echo 'make build    the three programs, optimised'
	@echo 'make demo     a whole campaign on this machine: CONTACTS=$(CONTACTS) people, two workers, a test relay'
	@echo 'make test     every test'
	@echo 'make crash-sweep   kills real processes at every named point and 200 times at random; KILLS=, RUNS=, CONTACTS=, SEED='
	@echo 'make faulty-relay  relays that misbehave in every way at every step, towards real processes; SEED='
	@echo 'make fuzz     looks for bytes that break a parser, SECONDS=$(SECONDS) for each'
	@echo 'make mutations     takes out what keeps the promises, one thing at a time, and shows a test failing for each'
	@echo 'make bench    ratios against real programs; NAMES="campaign render" for some, docs/performance.md for all'
	@echo 'make forecasts    what plans predict beside what real campaigns take, some minutes'
	@echo 'make power-cuts  CUTS=$(CUTS) simulated power cuts of the coordinator, on a disk that forgets what was not synced'
	@echo 'make simulate the cluster in one thread by seed, with everything going wrong: SEEDS=$(SEEDS) FIRST=$(FIRST) TRACE=0'
	@echo 'make check    what has to pass before a change goes in: lint, warnings, imports, every test'
	@echo 'make lint     format and style only'
	@echo 'make format   rewrites the sources in the house format'
	@echo 'make proto    generates worker.pb.swift from worker.proto again'
	@echo 'make openapi  puts docs/openapi.yaml into the coordinator again'

deps:
	@deploy/install-dependencies --build

build: deps
	swift build -c release

demo: build
	@CONTACTS=$(CONTACTS) scripts/demo "$$(swift build -c release --show-bin-path)"

# Programs that others wrote, to test against; without a network the tests that need them say so and are skipped.
peers:
	@scripts/test-peers $(PEERS)

test: deps peers
	swift build --build-tests
	@. $(PEERS)/environment && set -x && swift test --skip-build
	@. $(PEERS)/environment && scripts/end-to-end

# Options: Tests/CrashSweep/sweep.py.
crash-sweep: deps build
	@POSTRIDER_BIN="$$(swift build -c release --show-bin-path)" scripts/crash-sweep

# The end-to-end tests have a shorter one.
faulty-relay: deps peers build
	@. $(PEERS)/environment && export POSTRIDER_BIN="$$(swift build -c release --show-bin-path)" && cd Tests/EndToEnd \
	    && POSTRIDER_FAULTS=long POSTRIDER_SEED=$(SEED) "$${POSTRIDER_PYTHON:-python3}" -u -m unittest -v test_faulty_relay

# Only some of them: make fuzz TARGETS="table wire".
fuzz: deps
	@scripts/fuzz --seconds $(SECONDS) $(TARGETS)

# Only some of them: make mutations WORDS="epoch deadline".
mutations: deps
	@scripts/mutation-check $(WORDS)

# Some of it: make bench NAMES="campaign import"; Benchmarks/bench --help for sizes.
bench: build peers
	@. $(PEERS)/environment && POSTRIDER_BIN="$$(swift build -c release --show-bin-path)" Benchmarks/bench $(NAMES)

# That the benchmark still runs, with the programs that the tests use; its numbers mean nothing.
bench-smoke: peers
	@. $(PEERS)/environment && Benchmarks/bench --smoke

# Options: Tests/Simulate/Simulate.swift. The trace does not depend on the random hashing of Swift's dictionaries; without it
# there is one worry less.
simulate: deps
	swift build -c release --product postrider-simulate
	@SWIFT_DETERMINISTIC_HASHING=1 SEEDS=$(SEEDS) FIRST=$(FIRST) TRACE=$(TRACE) JOBS=$(JOBS) SABOTAGE=$(SABOTAGE) \
		"$$(swift build -c release --show-bin-path)/postrider-simulate"

# Warnings in our own code are errors (Package.swift says so for every target of ours).
check: deps lint peers
	@scripts/mutation-check --verify
	swift build --build-tests --explicit-target-dependency-import-check error
	@. $(PEERS)/environment && set -x && swift test --skip-build
	@. $(PEERS)/environment && scripts/end-to-end
	@. $(PEERS)/environment && Benchmarks/bench --smoke

# What `campaign plan` predicts beside what real processes then do.
forecasts: deps peers
	@. $(PEERS)/environment && POSTRIDER_FORECASTS=1 scripts/end-to-end forecast

# FIRST is the first seed; a failure names its own.
power-cuts: deps
	swift build --build-tests
	POSTRIDER_POWER_CUTS=$(CUTS) POSTRIDER_POWER_FIRST=$(FIRST) \
		swift test --skip-build --filter PowerCutTests/honestDisk

lint:
	@$(FORMAT) $(OWN_SWIFT)

format:
	@swift format --in-place --parallel --configuration .swift-format $(OWN_SWIFT)

proto:
	@deploy/install-dependencies --proto
	@scripts/generate-proto $(PROTOC_GEN_SWIFT_VERSION)

openapi:
	@scripts/generate-openapi

clean:
	rm -rf .build .build-proto .build-fuzz .build-mutations .build-bench
