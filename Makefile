# Needs python3 (3.11 to 3.14) with venv, and make. Everything else comes from uv.lock as wheels.
PYTHON ?= python3
WORKERS ?= 2

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
STAMP := $(VENV)/.installed-from-lock

.DEFAULT_GOAL := help
.PHONY: help install demo test load bench baselines library credibility safety lint docs lock

# What `make library` renews, and with how many virtual patients; one after the other, minutes each.
DISEASES ?= $(notdir $(wildcard src/funis/library/diseases/*))
PLACEBO_PATIENTS ?= 4000
DRUG_PATIENTS ?= 2000

help:
	@echo "make install  build .venv from uv.lock (wheels only, no compiler)"
	@echo "make demo     conduct the rheumatoid-arthritis trial and write its report"
	@echo "make test     run the tests (WORKERS=$(WORKERS))"
	@echo "make load     let 50 clients use the workbench for two minutes"
	@echo "make bench    measure speed against libRoadRunner, into docs/performance.md"
	@echo "make baselines  renew the stored numbers of whole runs after a change on purpose"
	@echo "make library  rebuild the pools of all diseases, the tables in their cards, docs/claims.md"
	@echo "make credibility  write the credibility page of every disease"
	@echo "make safety   pool adverse events from the evidence again, and write docs/safety.md"
	@echo "make lint     ruff, mypy, import-linter, lock file"
	@echo "make docs     execute every documented command and example"
	@echo "make lock     renew uv.lock after a change of pyproject.toml"

install: $(STAMP)

# uv does not read pip's settings: an index configured for pip is handed to it.
# The versions and hashes come from the lock whichever index serves the files.
$(STAMP): pyproject.toml uv.lock Makefile
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 14) else "funis needs Python 3.11 to 3.14, and $(PYTHON) is %d.%d: make install PYTHON=..." % v)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test "$$($(UV) --version 2>/dev/null | cut -d' ' -f2)" = $(UV_VERSION) \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(UV) export --frozen --no-emit-project --quiet --output-file $(VENV)/locked.txt
	@index=$$($(BIN)/python -m pip config list | sed -nE "s/^[a-z:]+\.index-url='(.*)'$$/\1/p" | head -n 1); \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${UV_INDEX_URL:-$$index}}"; fi; \
	$(UV) pip install --quiet --python $(BIN)/python --only-binary :all: --require-hashes --requirements $(VENV)/locked.txt && \
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@
	@echo "installed in $(VENV)"

demo: install
	@$(BIN)/funis demo

# Debian's Chromium is installed where none is found and that is allowed; NO_BROWSER=1 leaves it.
test: install
	@$(BIN)/python tests/web/browser/find_browser.py
	$(BIN)/python -m pytest -n $(WORKERS)

load: install
	$(BIN)/python tests/web/load.py

bench: install
	$(BIN)/funis bench --into docs/performance.md

baselines: install
	$(BIN)/python tests/baselines/update.py

docs: install
	$(BIN)/python -m pytest tests/docs -q

# A gate that is not passed is a finding for the card, not a reason to stop.
library: install
	@for disease in $(DISEASES); do \
		card=src/funis/library/diseases/$$disease/card.md; \
		$(BIN)/funis population $$disease --trial-pool --out src/funis/library/pools/$$disease.parquet || exit 1; \
		$(BIN)/funis gate population $$disease --into $$card || true; \
		$(BIN)/funis gate placebo $$disease --patients $(PLACEBO_PATIENTS) --into $$card || true; \
		$(BIN)/funis gate pharmacology $$disease --patients $(DRUG_PATIENTS) --into $$card || true; \
		$(BIN)/funis gate routes $$disease --into $$card || true; \
	done
	$(BIN)/funis evidence claims --into docs/claims.md

credibility: install
	$(BIN)/python -m funis.apps.unreported src/funis/library/unreported_null.yaml
	@for disease in $(DISEASES); do \
		$(BIN)/funis credibility $$disease --into src/funis/library/credibility/$$disease.md || exit 1; \
	done

safety: install
	$(BIN)/funis safety --refit --into docs/safety.md
	$(BIN)/funis gate safety --into docs/safety.md

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(UV) lock --check --offline --quiet --default-index https://pypi.org/simple

lock:
	$(UV) lock --default-index https://pypi.org/simple
