# Two commands do everything, on a machine that has Python 3.11+, make and git:
#   make report COUNTRY=USA     sets up, forecasts from the bundled snapshot, writes reports/USA/
#   make test                   sets up and runs the tests

PYTHON ?= python3
COUNTRY ?= USA
VENV := .venv
BIN := $(VENV)/bin

# Rooms whose branches their own tests must take, above 95% in each.
COVERED := labels features network evaluation store storefile dating

.PHONY: report test coverage mutants lint types docs check clean

report: $(VENV)/.installed
	$(BIN)/econnet train --country "$(COUNTRY)"

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist loadfile

coverage: $(VENV)/.installed-dev
	$(BIN)/python -m coverage run -m pytest --hypothesis-profile few tests/conformance \
	    $(foreach room,$(COVERED),$(wildcard tests/$(room) tests/test_$(room).py))
	for room in $(COVERED); do \
	    $(BIN)/python -m coverage report --fail-under=95 \
	        --include="econnet/$$room.py,econnet/$$room/*" || exit 1; \
	done

# Takes an hour of one core; goes on where it was stopped.
mutants: $(VENV)/.installed-dev
	nice -n 15 $(BIN)/python -m mutmut run --max-children 1
	$(BIN)/python -m mutmut results

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
