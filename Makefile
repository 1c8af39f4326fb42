# Two commands do everything, on a machine that has Python 3.11+, make and git:
#   make report COUNTRY=USA     sets up, forecasts from the bundled snapshot, writes reports/USA/
#   make test                   sets up and runs the tests

PYTHON ?= python3
COUNTRY ?= USA
VENV := .venv
BIN := $(VENV)/bin

.PHONY: report test lint types docs check clean

report: $(VENV)/.installed
	$(BIN)/econnet train --country "$(COUNTRY)"

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.installed-dev
	$(BIN)/mypy

docs: $(VENV)/.installed-dev
	$(BIN)/python scripts/cli_reference.py
	$(BIN)/python -m mkdocs build --quiet --strict

check: lint types test docs

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("econnet needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ $(VENV)/.installed
