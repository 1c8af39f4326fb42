# Two commands do everything, on a machine that has Python 3.11+, make and git:
#   make report COUNTRY=USA     sets up, forecasts from the bundled snapshot, writes reports/USA/
#   make test                   sets up and runs the tests, in about eight minutes

PYTHON ?= python3
COUNTRY ?= USA
VENV := .venv
BIN := $(VENV)/bin

# Parts of econnet whose branches their own tests must cover above 95%, each. The checks
# of the store are tested with those of the other files; most of the duel needs
# TensorFlow and PyTorch, which are optional.
COVERED := data/cycle data/features models/scaling network evaluation data/store
COVERING := tests/conformance tests/forecast/test_check.py
NOT_COVERED := econnet/evaluation/duel.py

# Tests of the forecaster that `make test` runs on a light one.
FULL_SIZE := tests/forecast/test_country.py tests/test_determinism.py \
    tests/report/test_verification.py
# Tests of identical bits, for the kernel that most desktops have.
KERNELS := tests/network tests/runtime/test_workers.py tests/models/test_network_ensemble.py \
    tests/test_no_peeking.py tests/test_determinism.py tests/report/test_verification.py
# Tests whose properties `make test-all` tries on four times as many examples.
PROPERTIES := tests/evaluation tests/data/sources tests/data/cycle \
    tests/data/features tests/data/test_panel.py

.PHONY: report test test-all samples campaigns coverage mutants lint types docs check clean

report: $(VENV)/.installed
	$(BIN)/econnet train --country "$(COUNTRY)"

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not campaign"

# Adds samples of the campaigns: faults, kills, fuzzing, browsers, clusters, notebooks,
# the forecaster at full size and the kernels of other processors.
test-all: test samples

samples: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist worksteal -m campaign
	$(BIN)/python -m pytest -n auto --dist worksteal --full-size $(FULL_SIZE)
	OPENBLAS_CORETYPE=Haswell $(BIN)/python -m pytest -n auto --dist worksteal \
	    -m "not campaign" --hypothesis-profile thorough $(KERNELS) $(PROPERTIES)

# Everything, by hand: a day of one core. `docs/reliability.md` has the figures.
campaigns: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --hypothesis-profile thorough
	$(BIN)/python -m tests.torture.run
	$(BIN)/python -m tests.torture.kills --kills 300
	$(BIN)/python -m tests.torture.kills --moves
	ECONNET_FUZZ_EXAMPLES=2000 $(BIN)/python -m pytest tests/fuzz
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	$(BIN)/python -m tests.fuzz.run --seconds 600

coverage: $(VENV)/.installed-dev
	$(BIN)/python -m coverage run -m pytest --hypothesis-profile few $(COVERING) \
	    $(foreach part,$(COVERED),$(wildcard tests/$(part) tests/$(dir $(part))test_$(notdir $(part)).py))
	for part in $(COVERED); do \
	    $(BIN)/python -m coverage report --fail-under=95 --omit="$(NOT_COVERED)" \
	        --include="econnet/$$part.py,econnet/$$part/*" || exit 1; \
	done

# Takes an hour of one core; goes on where it was stopped.
mutants: $(VENV)/.installed-dev
	nice -n 15 $(BIN)/python -m mutmut run --max-children 1
	$(BIN)/python -m mutmut results

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/python -m pytest scripts/checks

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
