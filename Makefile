# The two commands of the README: `make demo` and `make test`. Both set up what they need.

CARGO ?= cargo

.PHONY: help demo clean-demo test test-fast lint test-reference chaos bench bench-deploy bench-syncer setup release

help:
	@echo "make demo            a real pool on a private Conflux network, from nothing"
	@echo "make clean-demo      take everything of the demo down"
	@echo "make test            everything that must hold"
	@echo "make test-fast       the same without Docker and the network (seconds)"
	@echo "make test-reference  the end-to-end tests with the reference contracts (POSPOOL_REFERENCE_DIR)"
	@echo "make chaos           an apply stopped at each of its points, and 100 times on a real network"
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

lint:
	@scripts/test lint

test-reference:
	@scripts/test reference

chaos:
	@scripts/test chaos

bench:
	@scripts/bench

bench-deploy:
	@scripts/bench-deploy

bench-syncer:
	@scripts/test bench-syncer

release:
	$(CARGO) build --release -p pospool-cli
