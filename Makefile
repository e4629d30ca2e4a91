# make demo | make test | make unit | make install        PYTHON=python3.12 make …  chooses another Python
PYTHON ?= python3
AZ_VERSION := 2.91.0
OLDEST_AZ_VERSION := 2.56.0

VENV := .venv
BUILD := .venv-build
OLDEST := .venv-$(OLDEST_AZ_VERSION)
BIN := $(VENV)/bin
SLOWER := --ignore=tests/properties --ignore=tests/hostile --ignore=tests/fuzz --ignore=tests/browser
PIP_QUIET := --quiet --quiet --disable-pip-version-check --no-input
SOURCES := $(shell find azext_aksegress -name '*.py' -o -name '*.json' -o -name '*.css' -o -name '*.js') setup.py pyproject.toml README.md HISTORY.rst
VERSION := $(shell sed -n 's/^VERSION = "\(.*\)"/\1/p' setup.py)
WHEEL := dist/aksegress-$(VERSION)-py3-none-any.whl
HAS_VENV = $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
  { echo "$(PYTHON) comes without venv: install it (Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; }
OFFLINE = { echo "The Python packages cannot be installed: is the package registry within reach? See above." >&2; exit 1; }

.PHONY: help bench browser demo test unit properties fuzz lint conventions docs e2e faults reliability install clean
help:
	@sed -n 's/^## //p' Makefile

## make demo       a guided run of the commands in a real az against a local Azure
demo: $(VENV)/.az $(WHEEL)
	@$(BIN)/python -m demo

## make test       everything: ruff, mypy, azdev, unit tests, end-to-end tests with the built wheel in two versions of az
test: lint unit properties fuzz browser e2e faults conventions

## make unit       the ten-second loop: no az, no network
unit: $(VENV)/.dev
	@$(BIN)/pytest -q -n logical --ignore=tests/e2e $(SLOWER)

## make properties what holds for every estate, however Azure tells it
properties: $(VENV)/.dev
	@$(BIN)/pytest -q tests/properties

## make fuzz       hostile names, files and answers, for two minutes; AKSEGRESS_EXAMPLES=30 for half an hour
fuzz: $(VENV)/.dev
	@$(BIN)/pytest -q -n logical tests/hostile
	@$(BIN)/pytest -q tests/fuzz

## make browser    the reports in a real Chromium, which is installed where that may be; pictures in .screenshots
browser: $(VENV)/.dev
	@command -v chromium chromium-browser google-chrome >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  echo "Installing Chromium; this takes some minutes, once." && \
	  { apt-get install -y -qq chromium || { apt-get update -qq && apt-get install -y -qq chromium; }; } >/dev/null 2>&1; } || true
	@$(BIN)/pytest -q -n logical -rs tests/browser

## make lint       ruff and mypy
lint: $(VENV)/.dev
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check . && $(BIN)/mypy

## make conventions  azdev style and azdev linter
conventions: $(VENV)/.dev
	@$(BIN)/python tools/conventions.py $(VENV)/azdev > $(VENV)/azdev.log 2>&1 || { cat $(VENV)/azdev.log; exit 1; }
	@grep -E 'PASSED' $(VENV)/azdev.log | sed 's/^/azdev: /'

## make docs       docs/checks.md and docs/probe.md, from the code
docs: $(VENV)/.dev
	@$(BIN)/python -m tools.checks_document && $(BIN)/python -m tools.probe_document

## make e2e        the real az against the local Azure
e2e: $(VENV)/.dev $(OLDEST)/.az $(WHEEL)
	@$(BIN)/pytest -q -n logical --ignore=tests/e2e/faults tests/e2e

## make faults     each command under each fault at each of its requests, and a migrate killed after each; some minutes
faults: $(VENV)/.dev $(WHEEL)
	@$(BIN)/pytest -q -n logical tests/e2e/faults

## make reliability  the same, and the numbers of that run into the README
reliability: $(VENV)/.dev $(WHEEL)
	@$(BIN)/pytest -q -n logical --junitxml=$(VENV)/faults.xml tests/e2e/faults; ended=$$?; \
	$(BIN)/python -m tools.reliability $(VENV)/faults.xml && exit $$ended

## make bench      how fast the commands are, into docs/performance.md; some minutes
bench: $(VENV)/.dev $(WHEEL)
	@$(BIN)/python -m benchmarks

## make install    build the wheel, and print how to add it to your own az
install: $(WHEEL)
	@echo "az extension add --upgrade --yes --source $(abspath $(WHEEL))"

## make clean      remove what the targets above made
clean:
	@rm -rf $(VENV) .venv-* build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

$(VENV)/.az:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "az $(AZ_VERSION) needs Python 3.10 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(HAS_VENV)
	@echo "Installing az $(AZ_VERSION) into $(VENV); this takes some minutes, once."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install $(PIP_QUIET) azure-cli==$(AZ_VERSION) aiohttp trustme || $(OFFLINE)
	@touch $@

# The extra's tools, and not the extension itself: az must find that in the wheel it was given, and nowhere else.
$(VENV)/.dev: setup.py | $(VENV)/.az $(WHEEL)
	@echo "Installing the development tools into $(VENV)."
	@$(BIN)/pip install $(PIP_QUIET) '$(WHEEL)[dev]' || $(OFFLINE)
	@$(BIN)/pip uninstall $(PIP_QUIET) --yes aksegress
	@touch $@

# az 2.56 runs on Python 3.8 to 3.11; without one of them, its tests are skipped and say so.
$(OLDEST)/.az:
	@mkdir -p $(OLDEST)
	@for python in $(PYTHON) python3.11 python3.10 python3.9 python3.8; do \
	  if $$python -c 'import sys, venv; sys.exit(not (3, 8) <= sys.version_info < (3, 12))' 2>/dev/null; then \
	    echo "Installing az $(OLDEST_AZ_VERSION) into $(OLDEST); this takes some minutes, once."; \
	    $$python -m venv --clear $(OLDEST) && \
	    $(OLDEST)/bin/pip install $(PIP_QUIET) azure-cli==$(OLDEST_AZ_VERSION) azure-mgmt-rdbms==10.2.0b13 || $(OFFLINE); \
	    break; \
	  fi; \
	done
	@touch $@

# A folder of its own for the build tools that pyproject.toml asks for, so that a wheel can be built offline.
$(BUILD)/.tools: pyproject.toml
	@$(HAS_VENV)
	@$(PYTHON) -m venv --clear $(BUILD)
	@$(BUILD)/bin/pip install $(PIP_QUIET) 'setuptools>=61,<77' wheel || $(OFFLINE)
	@touch $@

$(WHEEL): $(BUILD)/.tools $(SOURCES)
	@rm -rf build dist
	@$(BUILD)/bin/pip wheel $(PIP_QUIET) --no-build-isolation --no-deps --wheel-dir dist . && rm -rf build *.egg-info
	@touch $@
