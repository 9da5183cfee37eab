# Everything a newcomer needs: `make run` starts the product, `make test` runs all tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
export WEBOS_MODULES ?= src/modules

.PHONY: setup run test check bench lock clean
.DEFAULT_GOAL := run

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another with make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Creating the virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run-installed: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing dependencies (about a minute the first time)"
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev-installed: requirements/dev.txt $(VENV)/.run-installed
	@echo "Installing development dependencies"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(VENV)/.run-installed ## Build the virtual environment; run nothing.

run: setup ## Start the product with the example modules.
	@exec $(BIN)/webos run

test: $(VENV)/.dev-installed ## Check the code and run all tests.
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest --numprocesses=logical --maxprocesses=4 --dist=loadfile $(ARGS)

check: $(VENV)/.dev-installed ## Lint, format check, types, architecture.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.dev-installed ## Measure against bare libraries; writes benchmarks/results.json.
	@$(BIN)/python -m benchmarks $(ARGS)

LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet --upgrade
lock: ## Renew the pinned requirements (needs uv on PATH).
	$(LOCK) pyproject.toml --extra embedded --extra demo requirements/build.in -o requirements/run.txt
	$(LOCK) pyproject.toml --extra embedded --extra demo --group dev requirements/build.in -c requirements/run.txt -o requirements/dev.txt

clean: ## Remove what the other targets made, but not the data.
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
