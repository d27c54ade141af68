# Each command does all its own set-up in .venv: make lab, make demo, make check, make test.

PYTHON ?= python3
BIN := .venv/bin
NOTEBOOK ?= tutorials/000_start.ipynb
ARGS ?=
# Tests that run at once. Each worker has a JupyterLab and a browser of its own, and takes up to 4 GB.
WORKERS ?= 2
# JupyterLab refuses to run as root, as in containers, unless told.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
# Small replies of kernels reach the browser at once; see nbinterp/server.py.
AT_ONCE := --ServerApp.jpserver_extensions="{'nbinterp.server': True}"
# The 60,000 MNIST training images, where there are any; nothing but training and benchmarks needs them.
# Threads that wait must not spin: kernel, server and browser share the cores.
export OMP_WAIT_POLICY ?= PASSIVE
export NBINTERP_DATA ?= $(abspath $(wildcard ../shared/data))

.PHONY: help lab demo check test test-more bench reproduce bundle clean
.PHONY: check-sources check-python check-widgets check-units check-tests
help:
	@echo "make lab    install, and open JupyterLab on the start tutorial (ARGS=--no-browser on a server)"
	@echo "make check  install, and run lint, types and the tests that need no browser and no kernel"
	@echo "make test   install, and run everything that CI checks"
	@echo "make demo   run the start tutorial without a browser and write demo.html"
	@echo "make bench  measure against the reference programs and print the ratios"
	@echo "make reproduce  run the papers' experiments and write docs/reproduction.md (QUICK=1: in five minutes)"

lab: .venv/.lab
	$(BIN)/jupyter lab $(AS_ROOT) $(AT_ONCE) $(ARGS) $(NOTEBOOK)

demo: .venv/.lab
	$(BIN)/python -m nbinterp.views.export $(NOTEBOOK) demo.html

# Lint and types go beside the tests; what they say comes in one piece each, where make can do that.
IN_ONE_PIECE := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

check:
	@$(MAKE) --no-print-directory -j2 check-units check-sources

test:
	@$(MAKE) --no-print-directory -j2 check-tests check-sources

check-sources: .venv/.dev widgets/node_modules/.installed
	@$(MAKE) --no-print-directory $(IN_ONE_PIECE) check-python check-widgets

# Libraries round as they would on a processor of 2008: each kind rounds in its own way.
OLD_PROCESSOR := ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 \
	MKL_ENABLE_INSTRUCTIONS=SSE4_2 OPENBLAS_CORETYPE=Nehalem

# What `make test` skips: for its size, a transformer that brings its weights, and marimo as a host;
# for their time, the computations on another kind of processor and by two threads, and 3,000
# random networks instead of 100.
test-more: .venv/.more
	$(OLD_PROCESSOR) NBINTERP_TEST_THREADS=2 $(PYTEST) -m "not browser"
	$(BIN)/python tests/browser/chromium.py
	NBINTERP_N_NETWORKS=3000 $(BIN)/pytest -q tests/network/differential
	$(BIN)/pytest tests/network/test_any_network.py tests/browser/hosts/test_elsewhere.py

bench: .venv/.bench
	for bench in tests/benchmarks/*/bench_*.py; do $(BIN)/python $$bench || exit 1; done

# The papers' experiments, in two hours, or with QUICK=1 in five minutes. Sections that ran with the
# same code and settings are kept; ONLY="table1 mnist" runs these again, and no others.
reproduce: .venv/.lab
	$(BIN)/python -m reproduction $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

check-python: .venv/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

check-widgets: widgets/node_modules/.installed
	cd widgets && npm run --silent check
	cd widgets && npm run --silent build -- --check

# The tests of a file share what they set up, so a file goes to one worker. Browser tests run
# `make lab`, which has no part in the jobs of this make.
PYTEST := env -u MAKEFLAGS -u MFLAGS \
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check-units: .venv/.dev
	$(PYTEST) -q -m "not (browser or kernel or slow)"

check-tests: .venv/.dev
	$(BIN)/python tests/browser/chromium.py
	$(PYTEST)

# Rebuilds nbinterp/static from widgets/, after a change there.
bundle: widgets/node_modules/.installed
	cd widgets && npm run --silent build

clean:
	rm -rf .venv widgets/node_modules artifacts demo.html

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "nbinterp needs Python 3.11 or later: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv

INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable
DEPENDENCIES := pyproject.toml constraints.txt

.venv/.lab: .venv/bin/python $(DEPENDENCIES)
	$(INSTALL) '.[lab]'
	@touch $@

# All at once: a first run for `make lab` would resolve and build the same again.
.venv/.dev: .venv/bin/python $(DEPENDENCIES)
	$(INSTALL) '.[lab,reference,dev]'
	@touch .venv/.lab $@

# The programs that only `make bench` runs; without them, lab and test take 200 MB less.
.venv/.bench: .venv/.dev
	$(INSTALL) '.[lab,reference,dev,peers]'
	@touch $@

.venv/.more: .venv/.dev
	$(INSTALL) '.[lab,reference,dev,more]'
	@touch $@

widgets/node_modules/.installed: widgets/package.json widgets/package-lock.json
	@command -v npm > /dev/null || { echo "the checks of widgets/ need Node 20 or later with npm; make lab and make demo do not"; exit 1; }
	cd widgets && npm ci --silent --no-audit --no-fund
	@touch $@
