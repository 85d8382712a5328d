# The two commands of the README: `make demo` and `make test`. Both set up what they need.

CARGO ?= cargo

.PHONY: help demo clean-demo test test-fast test-live lint test-reference points stories chaos bench bench-deploy bench-syncer setup release

help:
	@echo "make demo            a real pool on a private Conflux network, from nothing"
	@echo "make clean-demo      take everything of the demo down"
	@echo "make test            everything that must hold"
	@echo "make test-fast       the same without Docker and the network"
	@echo "make test-live       only the tests on a real network (some of them: scripts/test live NAME...)"
	@echo "make test-reference  the end-to-end tests with the reference contracts (POSPOOL_REFERENCE_DIR)"
	@echo "make chaos           before an issue is called resolved: points, stories, and on a real network kills of applies and voters"
	@echo "make points          an apply stopped at each of its points, in all ways"
	@echo "make stories         10,000 applies on the model chain"
	@echo "make bench           CPU of plans, bytes of applies"
	@echo "make bench-deploy    time to a pool in both spaces, against the reference's own scripts (POSPOOL_REFERENCE_DIR)"
	@echo "make bench-syncer    calls a day of a quiet syncer, and how long stake waits, on a real network (15 minutes)"

demo:
	@scripts/demo up

clean-demo:
	@scripts/demo down

test:
	@scripts/test all

test-fast:
	@scripts/test fast

test-live:
	@scripts/test live

lint:
	@scripts/test lint

test-reference:
	@scripts/test reference

points stories chaos:
	@scripts/test $@

bench:
	@scripts/bench

bench-deploy:
	@scripts/bench-deploy

bench-syncer:
	@scripts/test bench-syncer

release:
	$(CARGO) build --release -p pospool-cli
