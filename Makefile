# Every task of the repository. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Steps print as they go and share the target folder: one after the other.
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

CARGO := scripts/cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
SCRIPTS := $(wildcard scripts/* deploy/compose/*.sh) .ci/run

.PHONY: help demo console test check bench load install fmt clippy tidy codegen scripts container console-test browser-test rust-test pooler-test bootstrap-demo clean crash-matrix fuzz

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: bootstrap-demo console ## Build, start everything with three demo tenants, say where to look; Ctrl-C stops it
	@$(CARGO) build --locked --package tenantry
	@exec "$(TARGET)/debug/tenantry" dev --demo

console: ## Build the console, which the next build of the binary takes in; quick where nothing changed
	@scripts/console build

test: install console fmt clippy tidy codegen scripts container console-test rust-test pooler-test browser-test ## Install what is missing, run every check and test

check: fmt clippy tidy ## The fast checks: format, lints, rules of the house

bench: install ## Measure: each figure beside its floor or peer, JSON in target/bench
	@$(CARGO) xtask bench

load: install ## Users at once against a real server: 10 for a minute, then 1,000; SECONDS=5 MANY=0 … is shorter; JSON in target/bench/load.json
	@$(CARGO) bench --quiet --locked --package tenantry --bench load -- --users $(or $(USERS),10) --seconds $(or $(SECONDS),60) --many $(or $(MANY),1000)

crash-matrix: install ## Kill runs at every pair of points, compare the world with the registry; KIND=purge for one kind; JSON in target/crash-matrix.json
	@$(CARGO) run --quiet --locked --package tenantry-testkit --bin crash_worker -- matrix "$(TARGET)/crash-matrix.json" $(KIND)

fuzz: install ## Change keys, tokens and sealed secrets at random, for SECONDS=60; SEED=… does the same again
	@$(CARGO) run --quiet --locked --package tenantry-testkit --bin fuzz -- $(or $(SECONDS),60) $(SEED)

install: ## Install what the checks need and this machine lacks
	@scripts/bootstrap test

clean: ## Remove what was built; the data of `make demo` in .tenantry stays
	@$(CARGO) clean

bootstrap-demo:
	@scripts/bootstrap demo

fmt:
	$(CARGO) fmt --all --check

clippy:
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

tidy:
	$(CARGO) xtask tidy

codegen:
	$(CARGO) xtask codegen --check
	scripts/console codegen-check

scripts:
	shellcheck $(SCRIPTS)

container:
	scripts/lint-container

console-test: console
	scripts/console check
	scripts/console test
	scripts/console budget

browser-test: install console ## The console's pages end to end, in real Chromium against a real server
	scripts/console e2e $(ARGS)

rust-test:
	$(CARGO) test --workspace --locked

# What goes through a scope, once more with every application behind a PgBouncer of its own, with two server connections for each cell. Of the whole workspace, as
# above: the features of one package alone would have it compiled anew.
THROUGH_POOLER := access:: agents:: api_keys:: authz:: http:: idempotency:: identity:: isolation:: life:: matrix:: members:: pooler:: \
	proof::a_whole_fence_is_proved stress:: tenants:: tokens:: workspaces::

pooler-test:
	TENANTRY_TEST_POOLER=1 $(CARGO) test --workspace --locked --test it -- $(THROUGH_POOLER)
