# Every target builds what it needs; nothing is rebuilt when nothing changed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUN    := $(VENV)/.installed
DEV    := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help demo serve test lint format bench docs audit wheelhouse release lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

demo: $(RUN) ## publish the sample issue to simulated chat groups and print the receipts
	$(BIN)/jianbao demo $(ARGS)

serve: $(RUN) ## run the service on the embedded database
	$(BIN)/jianbao serve $(ARGS)

test: $(DEV) ## run the tests, short of the slow ones, which ARGS="-m slow" runs
	$(BIN)/python -m pytest $(or $(ARGS),-m "not slow")

lint: $(DEV) ## style, types and layers, nothing changed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV) ## mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(DEV) ## run the benchmarks and print their tables
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(DEV) ## build the documentation as a site in build/site, to be opened from the folder
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

audit: $(DEV) ## look for known holes in the pinned packages; 1: there is one, 3: the data cannot be reached
	$(BIN)/python -m tools.audit

wheelhouse: $(DEV) ## one archive that installs on a machine without any package registry
	$(BIN)/python -m tools.wheelhouse $(ARGS)

release: $(DEV) ## make everything a release consists of in dist/release; nothing is published
	$(BIN)/python -m tools.release $(ARGS)

lock: $(DEV) ## pin the newest versions allowed by pyproject.toml, with hashes
	$(BIN)/pip-compile $(LOCK) --all-build-deps --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile $(LOCK) --all-build-deps --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

LOCK := --quiet --upgrade --constraint constraints.txt --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header

clean: ## remove the environment and the demo's data
	rm -rf $(VENV) var

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Nothing is compiled ahead: of most packages few modules are ever used, and those are compiled at their first use.
# That pays only where what was compiled is kept, whatever the caller's environment says of it.
export PYTHONDONTWRITEBYTECODE :=

$(RUN): $(BIN)/python requirements.lock pyproject.toml
	@echo "Installing the pinned packages into $(VENV) ..."
	$(PIP) install --no-compile --no-deps --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUN) requirements-dev.lock
	@echo "Installing the pinned development packages into $(VENV) ..."
	$(PIP) install --no-compile --no-deps --require-hashes -r requirements-dev.lock
	@touch $@
