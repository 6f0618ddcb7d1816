# Everything that a person or CI does with TesiGo, one word each: `make help` lists them.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# without dependencies: the locks are whole, and pip would look at newer releases of a package that is asked for with
# an extra (`coverage[toml]`), and then refuse the one that is locked
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --no-warn-script-location --no-deps
CODE := src tests scripts benchmarks migrations
TITLE ?= How TesiGo writes documents that can be trusted
SOURCES ?= docs docs/decisions
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run demo test chaos storm fuzz check lint types contracts audit coverage bench assets lock fmt clean

help: ## say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

run: $(VENV)/.run assets ## serve TesiGo on http://127.0.0.1:8000 (HOST, PORT change that)
	@exec $(BIN)/tesigo serve

demo: $(VENV)/.run assets ## write a 6-page document to out/ (TITLE="…" SOURCES="…" take your own)
	@mkdir -p out
	@$(BIN)/tesigo write "$(TITLE)" --pages 6 --source $(SOURCES) --out out/demo.pdf out/demo.docx

test: $(VENV)/.test assets ## run the tests
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile

chaos: $(VENV)/.test assets ## kill, pause and restart everything while documents are written (CHAOS_SECONDS, CHAOS_SEED, CHAOS_SERVER)
	@$(BIN)/python -m tests.chaos.run

storm: $(VENV)/.test assets ## write 100 documents over a model server that fails 30 % of its calls (STORM_DOCUMENTS, STORM_SEED)
	@$(BIN)/python -m tests.storm.run

fuzz: $(VENV)/.test assets ## read 20,000 mutated uploads and references, as the service does (FUZZ_COUNT, FUZZ_SEED, FUZZ_CASE)
	@$(BIN)/python -m tests.fuzz.run

check: lint types contracts audit coverage ## lint, types, contracts, audit, coverage

lint: $(VENV)/.check
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)

types: $(VENV)/.check $(VENV)/.test
	@$(BIN)/mypy

contracts: $(VENV)/.check
	@$(BIN)/lint-imports

audit: $(VENV)/.check
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml --severity-level medium src scripts
	@$(BIN)/python scripts/audit_locks.py

coverage: $(VENV)/.check $(VENV)/.test assets
	@$(BIN)/coverage erase
	@TESIGO_SHARED_DATA=none $(BIN)/pytest -n $(WORKERS) --dist loadfile --quiet -m "not breakdown and not browser" --ignore=tests/integration -k "not server" --cov --cov-report=term

bench: $(VENV)/.test assets ## measure: writing, models, export, start, ranking, overhead of a job, the queue, watching, a flood
	@$(BIN)/python benchmarks/writing.py
	@$(BIN)/python -m benchmarks.models
	@$(BIN)/python benchmarks/ranking.py
	@$(BIN)/python benchmarks/overhead.py
	@$(BIN)/python benchmarks/queue_speed.py
	@$(BIN)/python benchmarks/live.py
	@$(BIN)/python benchmarks/sign_in.py

assets: $(VENV)/.run
	@$(BIN)/python scripts/build_assets.py

lock: $(VENV)/.check ## make the locks anew from pyproject.toml (needs the network)
	@$(BIN)/python scripts/lock_requirements.py

fmt: $(VENV)/.check ## put the code into its form
	@$(BIN)/ruff check --fix-only --quiet $(CODE)
	@$(BIN)/ruff format $(CODE)

clean: ## remove all that was built; your data stays
	rm -rf $(VENV) out dist ui/node_modules src/tesigo/web/static src/tesigo/export/fonts
	rm -rf .coverage* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("TesiGo needs Python 3.11 or newer.") if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV) (once, about a minute) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python requirements/run.txt requirements/build.txt pyproject.toml
	@$(PIP) --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements/test.txt
	@$(PIP) --require-hashes -r requirements/test.txt
	@touch $@

$(VENV)/.check: $(VENV)/.run requirements/check.txt
	@$(PIP) --require-hashes -r requirements/check.txt
	@touch $@
