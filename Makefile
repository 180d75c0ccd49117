# `make` alone says what there is. Every target sets up what it needs in $(VENV): nothing to install first
# but Python 3.11, make and pip.
PYTHON ?= python3
VENV ?= .venv

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.NOTPARALLEL: # two pips in one environment would get in each other's way
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

BIN := $(VENV)/bin
# The store's SQL by dialect; what runs on both is read as SQLite's, and what is printed not at all.
BY_HAND := $(filter-out schemas/store/tables.%,$(wildcard schemas/store/*.sql schemas/store/upgrade/*.sql))
FOR_POSTGRES := $(filter %.postgresql.sql,$(BY_HAND))
LOCK := requirements.lock.txt
PIP_INSTALL := $(BIN)/python -m pip install --quiet --constraint $(LOCK)

.PHONY: help demo test browser lint golden schemas wheel bench audit lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.run ## a ledger of announced clusters, and what each country has left
	@$(BIN)/tppq demo

test: $(VENV)/.test ## every test, on SQLite and on a PostgreSQL that it starts and stops itself (ARGS="-k name")
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal $(ARGS)

browser: $(VENV)/.test ## a night's report as Debian's chromium lays it out, which root has installed here
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && apt-get update --quiet=2 && \
	DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --no-install-recommends chromium fonts-dejavu-core; } || \
	{ echo "there is no chromium here, and it cannot be installed: as root, apt-get install chromium" >&2; exit 1; }
	$(BIN)/python -m pytest $(ARGS) tests/browser/check_report.py

lint: $(VENV)/.lint ## style, types, direction of imports, SQL
	$(BIN)/ruff check --output-format concise .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --disable-progress-bar schemas/core schemas/feed schemas/forecast schemas/recon schemas/report schemas/snapshot tests
	$(BIN)/sqlfluff lint --disable-progress-bar --dialect sqlite $(filter-out $(FOR_POSTGRES),$(BY_HAND))
	$(BIN)/sqlfluff lint --disable-progress-bar --dialect postgres $(FOR_POSTGRES)

golden: $(VENV)/.test ## write the expected answers anew; read the diff before you commit it
	$(BIN)/python -m pytest --golden $(ARGS)
	git --no-pager diff --stat -- tests

schemas: $(VENV)/.run ## print the store's tables and the feeds' schemas from their Python definitions
	$(BIN)/python -m tests.print_schemas

wheel: $(VENV)/.build ## build sdist and wheel, install the wheel elsewhere, and ask it something there
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	there=$$(mktemp -d) && trap 'rm -rf "$$there"' EXIT && \
	$(PYTHON) -m venv "$$there/venv" && \
	"$$there/venv/bin/python" -m pip install --quiet --constraint $(LOCK) dist/*.whl && \
	cd "$$there" && venv/bin/tppq init && venv/bin/tppq headroom AE --json | tee answer.json && \
	venv/bin/tppq demo >demo.txt && grep -q "What next" demo.txt && \
	venv/bin/python -c 'import json; (row,) = json.load(open("answer.json"))["rows"]; assert row["country"] == "AE"'

bench: $(VENV)/.test ## time what has to be fast, beside a yardstick in the same run
	$(BIN)/python -m tests.bench $(ARGS)

audit: $(VENV)/.audit ## known vulnerabilities in the locked dependencies (asks the package index)
	$(BIN)/pip-audit --no-deps --disable-pip --requirement $(LOCK)

lock: ## take the newest releases that pyproject.toml allows into the lock file
	there=$$(mktemp -d) && trap 'rm -rf "$$there"' EXIT && \
	$(PYTHON) -m venv "$$there/venv" && \
	"$$there/venv/bin/python" -m pip install --quiet '.[test,lint,build,audit]' && \
	{ sed -n '/^#/p' $(LOCK) && "$$there/venv/bin/python" -m pip freeze --exclude tppq; } > "$$there/lock" && \
	cp "$$there/lock" $(LOCK)

clean: ## remove everything that make made
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find ledger tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up: once, and again when what is asked for has changed -------------------------------------------
define NEW_ENOUGH
import sys
if sys.version_info < (3, 11):
    sys.exit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: name one, make PYTHON=python3.12 ...")
endef
export NEW_ENOUGH

$(VENV)/.run: pyproject.toml $(LOCK)
	@$(PYTHON) -c "$$NEW_ENOUGH"
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.test $(VENV)/.lint $(VENV)/.build $(VENV)/.audit: $(VENV)/.%: $(VENV)/.run
	$(PIP_INSTALL) --editable '.[$*]'
	@touch $@
