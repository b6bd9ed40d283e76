# make reproduce              the paper's figures and tables at a small scale: results/report.html
# make reproduce SCALE=paper  the same at the paper's scale (also: SCALE=short, SCALE=test)
# make readme                 the README's table of quality, with what reproduce has made
# make test                   the whole test suite
# make lint                   style of the code and of the workflow
#
# SCALE   demo (default), test, short or paper
# CORES   how many cores to use: all (default; 8 at the paper's scale) or a number

SHELL := /bin/bash
SCALE ?= demo
SCALES := demo test short paper
CORES ?= $(if $(filter paper,$(SCALE)),8,all)

VENV := .venv
STAMP := $(VENV)/.installed
# The jobs of the workflow call `python`: it must be the environment's.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
OVERLAY := $(if $(filter paper,$(SCALE)),,--configfile workflow/config/$(SCALE).yaml)
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$python; break; }; done)

.PHONY: reproduce readme test lint scale

reproduce: $(STAMP) | scale
	snakemake --cores $(CORES) $(OVERLAY)

readme: $(STAMP)
	python -m bdiff.readme results/tables/quality.csv

test: $(STAMP)
	OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile

lint: $(STAMP)
	ruff check .
	ruff format --check .
	snakefmt --check --line-length 100 Snakefile workflow
	snakemake --lint

scale:
	@$(if $(filter $(SCALES),$(SCALE)),:,\
		echo "SCALE=$(SCALE) is unknown; choose one of: $(SCALES)" >&2; exit 2)

$(STAMP): pyproject.toml envs/constraints.txt
	@if [ -z "$(PYTHON)" ]; then \
		echo "bdiff needs Python 3.11 or newer, found $$(python3 --version 2>&1)." >&2; \
		echo "Install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; fi
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet -c envs/constraints.txt -e '.[workflow,dev,scrna,mol]'
	touch $@
