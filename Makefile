# Triplepoint. Needs Python 3.11 or later with pip, and make; everything else is installed into .venv, by hash.
# The comment behind a target is its help: make help.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# One step after another: on two cores the tests alone use the machine.
.NOTPARALLEL:

ARGS ?=
# pytest's worker processes, one more than cores, for tests wait more than they work; a file's tests stay together, since they
# share servers.
WORKERS ?= $(shell echo $$(( $$(nproc 2>/dev/null || echo 2) + 1 )))

PY := .venv/bin/python
PIP := $(PY) -m pip install --disable-pip-version-check --require-virtualenv

##@ Two commands

up: .venv/.runtime ## Set up if need be, then run gateway, control plane and the embedded family (ARGS="--no-pull")
	@.venv/bin/triplepoint up $(ARGS)

test: lint types contracts unit ## Set up if need be, then everything that CI runs

##@ Parts of the test

lint: .venv/.development ## Style and form of the code: ruff
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: .venv/.development ## Types, strictly: basedpyright
	.venv/bin/basedpyright --threads

contracts: .venv/.development ## Who may import whom: import-linter
	.venv/bin/lint-imports

unit: .venv/.development ## The tests (ARGS="tests/gateway -k stream" for some of them)
	$(PY) -m pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

##@ Written by tools, checked by tests

schemas: .venv/.development ## schemas/*.json from the types
	$(PY) tools/schemas.py

docs: .venv/.development ## docs/reference from the code
	$(PY) -m tools.reference

lock: .venv/.development ## The two lock files from pyproject.toml; needs uv (ARGS=--upgrade for newer versions)
	$(PY) tools/locks.py $(ARGS)

##@ Other

bench: .venv/.development ## Measure the gateway beside nginx and what else is installed (ARGS=--help)
	$(PY) -m bench $(ARGS)

format: .venv/.development ## Put the code into its form
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

wheel: .venv/.development ## Build dist/triplepoint-*.whl
	$(PY) -m pip wheel . --no-deps --no-build-isolation --wheel-dir dist

clean: ## Remove .venv and what tools left behind; data in .triplepoint stays
	rm -rf .venv dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache

help: ## Show this
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# Set-up. A stamp is newer than what it was made from, so the second run starts at once.

.venv/bin/python:
	@set -e; \
	for python in $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Making .venv with $$($$python --version)."; \
	        $$python -m venv .venv || { rm -rf .venv; echo "On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; \
	        exit 0; \
	    fi; \
	done; \
	echo "Python 3.11 or later is needed and was not found. Install it, or name it: make PYTHON=/path/to/python" >&2; exit 1

.venv/.runtime: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing what Triplepoint needs (about 90 packages, once)."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.development: requirements-dev.lock pyproject.toml | .venv/bin/python
	@echo "Installing what Triplepoint and its tests need (about 120 packages, once)."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@$(PIP) --quiet --no-deps --no-build-isolation --editable .
	@touch $@ .venv/.runtime # the development lock holds the runtime lock

.PHONY: up test lint types contracts unit schemas docs lock bench format wheel clean help
