# Every target sets up .venv first: minutes the first time, nothing later.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
RUN := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast lint docs

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' \
		$(MAKEFILE_LIST)

setup:  ## make or update .venv (PYTHON=/path/to/python3.11 to choose)
	@test -n "$(PYTHON)" || { echo "No Python found: install Python 3.11," \
		"or make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" tools/setup_env.py

demo: setup  ## track the built-in sample as the paper does, then with plus
	$(RUN) -m mmremots demo

test: setup  ## run the whole test suite, on all cores
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n auto --dist worksteal

test-fast: setup  ## run the tests that take seconds
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n auto --dist worksteal -m 'not slow'

docs: setup  ## build the pages of docs/ into build/docs
	$(RUN) -m sphinx -W --keep-going -q -b html docs build/docs
	@echo "open build/docs/index.html"

lint: setup  ## ruff and mypy
	$(RUN) -m ruff check .
	$(RUN) -m mypy mmremots
