# Everything installs from PyPI and npm into this folder (.venv, node_modules, build); nothing needs root.
# Needed beforehand: make, Python 3.11 or newer with venv, Node 20 or newer with npm.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
# More workers than one pay only on machines with idle cores: `make test PYTEST_ARGS="-n 4"`.
PYTEST_ARGS ?=
# `quick` for a look while writing contracts: `make test-contracts FOUNDRY_PROFILE=quick`.
FOUNDRY_PROFILE ?= default
# Larger chains: `make bench-mirror BENCH_ARGS="--events 300000"`.
BENCH_ARGS ?=
# Another seed, fewer rounds, one harm: `make campaign-mirror CAMPAIGN_ARGS="--seed 7 --kills 100 --only kills"`; the other
# database: `make campaign-outbox CAMPAIGN_ARGS="--database postgresql"`.
CAMPAIGN_ARGS ?=

export HARDHAT_DISABLE_TELEMETRY_PROMPT := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Our own modules are found from here even before they are installed.
export PYTHONPATH := $(CURDIR)

GAS_SNAPSHOT := tests/contracts/gas.snapshot
PYTHON_STAMP := build/stamps/python
NODE_STAMP := build/stamps/node

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(PYTHON_STAMP) $(NODE_STAMP) ## Install everything into .venv and node_modules; quick when nothing changed

$(PYTHON_STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "setup: $(PYTHON) is missing or older than 3.11: install Python 3.11 or newer, or name it: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "setup: $(PYTHON) has no venv module: install it (Debian and Ubuntu: python3-venv)" >&2; exit 1; }
	@echo "setup: Python packages into .venv (about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.txt
# compat: one path entry instead of a fixed list of packages, so that a new top-level package needs no setup.
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
	@mkdir -p $(@D) && touch $@

$(NODE_STAMP): package-lock.json package.json .npmrc
	@command -v node >/dev/null && command -v npm >/dev/null || { \
	  echo "setup: Node is missing: install Node 20 or newer with npm" >&2; exit 1; }
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || { \
	  echo "setup: Node $$(node --version) is too old: install Node 20 or newer" >&2; exit 1; }
	@echo "setup: compilers and development chains into node_modules (about a minute)"
# Not `npm ci`: it fails when a registry mirror lacks foundry's packages for OTHER platforms, which are
# optional. --no-save keeps to the lock file, checks its hashes, and never writes it.
	@npm install --no-save --no-progress --loglevel=error
	@mkdir -p $(@D) && touch $@

.PHONY: compile
compile: setup ## Compile the contracts with Python, Hardhat and forge
	$(BIN)/python -m node_client.compiler --check
	npx --no-install hardhat compile
	npx --no-install forge build

.PHONY: abi
abi: setup ## Write node_client/abi/*.json from the contracts
	$(BIN)/python -m node_client.compiler

.PHONY: test
test: setup test-contracts test-python ## Run all tests: Solidity, then Python with real chains and databases

.PHONY: test-contracts
test-contracts: setup ## Run the Solidity tests (unit, fuzz, invariants)
	@echo "test: contracts, profile $(FOUNDRY_PROFILE)"
	FOUNDRY_PROFILE=$(FOUNDRY_PROFILE) npx --no-install forge test
	npx --no-install forge snapshot --match-contract GasTest --snap $(GAS_SNAPSHOT) --check

.PHONY: gas-snapshot
gas-snapshot: setup ## Renew the committed gas of the contracts' acts, after a change that is meant
	npx --no-install forge snapshot --match-contract GasTest --snap $(GAS_SNAPSHOT)

.PHONY: test-python
test-python: setup ## Run the Python tests; more options in PYTEST_ARGS
	$(BIN)/python -m pytest $(PYTEST_ARGS)

.PHONY: check
check: setup check-python check-contracts ## Run all static checks

.PHONY: check-python
check-python: setup ## Check format, lint, types and import directions of the Python code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

.PHONY: check-contracts
check-contracts: setup ## Check ABI files, format and slither's findings (medium and high fail)
	$(BIN)/python -m node_client.compiler --check
	npx --no-install forge fmt --check
# From nothing: slither would read artifacts of sources that have changed since.
	npx --no-install hardhat clean
	npx --no-install hardhat compile
	$(BIN)/slither . --config-file slither.config.json

.PHONY: format
format: setup ## Format Python and Solidity
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .
	npx --no-install forge fmt

.PHONY: demo
demo: setup ## Run the whole scheme on this machine with a development chain (ONCE=1: run through and end)
	$(BIN)/tanhui demo $(if $(ONCE),--once)

.PHONY: bench-gas
bench-gas: setup ## Measure the gas of every transaction and print JSON
	$(BIN)/python -m bench.gas

.PHONY: bench-import
bench-import: setup ## Measure how fast citizens' acts are imported and print JSON
	$(BIN)/python -m bench.import_acts

.PHONY: bench-mirror
bench-mirror: setup ## Measure the mirror against a bare download and print JSON; options in BENCH_ARGS
	$(BIN)/python -m bench.mirror $(BENCH_ARGS)

.PHONY: campaign-mirror
campaign-mirror: setup ## Harm the mirror a thousand times and print JSON; options in CAMPAIGN_ARGS
	$(BIN)/python -m tests.campaign.mirror $(CAMPAIGN_ARGS)

.PHONY: bench-outbox
bench-outbox: setup ## Measure requests to retire from POST to final and print JSON; options in BENCH_ARGS
	$(BIN)/python -m bench.outbox $(BENCH_ARGS)

.PHONY: campaign-outbox
campaign-outbox: setup ## Kill API, outbox, mirror and node at random under 2,000 requests and print JSON; options in CAMPAIGN_ARGS
	$(BIN)/python -m tests.campaign.outbox $(CAMPAIGN_ARGS)

.PHONY: lock
lock: ## Choose new versions of all packages within pyproject.toml and package.json; write the lock files
	@test -x $(BIN)/uv || { echo "lock: run 'make setup' first" >&2; exit 1; }
	$(LOCK) --upgrade pyproject.toml --output-file requirements/runtime.txt
	$(LOCK) --upgrade pyproject.toml --extra dev --constraint requirements/runtime.txt --output-file requirements/dev.txt
	npm install --package-lock-only --no-progress --loglevel=error

# No index or find-links lines: the lock holds versions and hashes, and any registry that has them serves.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.PHONY: clean
clean: ## Remove everything that make made; data of development chains in data/ stays
	rm -rf build .venv node_modules *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find node_client api scripts migrations tests bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
