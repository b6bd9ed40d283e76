# make reproduce              the paper's figures and tables at a small scale: results/report.html
# make reproduce SCALE=paper  the same at the paper's scale (also: SCALE=short, SCALE=test)
# make readme                 the tables of quality in README and docs, with what reproduce has made
# make test                   the whole test suite
# make coverage               the same, and the share of bdiff's code that it runs
# make test-faults            every fault as often as docs/faults.md says, and that table anew
# make test-cluster           the workflow on a real Slurm of this machine alone (root, Debian)
# make lint                   style of the code and of the workflow, types of the library
# make docs                   the documentation: docs/_build/index.html
# make tutorial               the tutorial's outputs and figures, by running its code
#
# SCALE   demo (default), test, short or paper
# SOAK    minutes of the long run of test-faults, which is killed again and again: 120 (default)
# CORES   how many cores to use: all (default; 8 at the paper's scale) or a number

SHELL := /bin/bash
SCALE ?= demo
SOAK ?= 120
SCALES := demo test short paper
CORES ?= $(if $(filter paper,$(SCALE)),8,all)

VENV := .venv
STAMP := $(VENV)/.installed
# The jobs of the workflow call `python`: it must be the environment's.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Some systems, many containers among them, have every process compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE
OVERLAY := $(if $(filter paper,$(SCALE)),,--configfile workflow/config/$(SCALE).yaml)
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$python; break; }; done)

.PHONY: reproduce readme test coverage test-faults test-cluster lint docs tutorial scale

reproduce: $(STAMP) | scale
	snakemake --cores $(CORES) $(OVERLAY)

readme: $(STAMP)
	python -m bdiff.report.readme results/tables/quality.csv

test: $(STAMP)
	OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile

test-faults: $(STAMP)
	OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile -m fault --faults=full --soak=$(SOAK) \
		--faults-table=docs/faults.md

test-cluster: $(STAMP)
	pytest -p no:xdist tests/cluster/on_slurm.py

# Tests of scripts run them as processes of their own, which are measured, too.
coverage: $(STAMP)
	OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile --cov --cov-report=term:skip-covered

lint: $(STAMP)
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check --line-length 100 Snakefile workflow
	snakemake --lint

# The site is read without a network, too, so nothing in it may be loaded from elsewhere.
docs: $(STAMP)
	sphinx-build -W --keep-going -q docs docs/_build
	! grep -rE --include='*.html' '<(script|link|img)[^>]+(src|href)="(https?:)?//' docs/_build

tutorial: $(STAMP)
	python docs/run_tutorial.py

scale:
	@$(if $(filter $(SCALES),$(SCALE)),:,\
		echo "SCALE=$(SCALE) is unknown; choose one of: $(SCALES)" >&2; exit 2)

# Not compiled, which takes as long as all the rest: Python compiles what is imported, once.
$(STAMP): pyproject.toml envs/constraints.txt
	@if [ -z "$(PYTHON)" ]; then \
		echo "bdiff needs Python 3.11 or newer, found $$(python3 --version 2>&1)." >&2; \
		echo "Install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; fi
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --no-compile -c envs/constraints.txt -e '.[workflow,cluster,dev,docs,scrna,mol]'
	touch $@
