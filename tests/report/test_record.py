import json
import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from econnet.forecast.result import Forecast
from econnet.report import Format, record
from econnet.report import country as country_report

from .conftest import without_contractions

# DESIGN.md's contract of `forecast --json`.
CONTRACT = (
    "country name origin period horizon frequency label target probability interval "
    "base_rate metrics baselines drivers data version seed"
)
CONTRACT_OF_DATA = "source as_of first_period last_period series"


def numbers_in(value: Any) -> Iterator[float]:  # noqa: ANN401
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from numbers_in(part)
    elif isinstance(value, float):
        yield value


def test_document_keeps_the_contract(germany: Forecast) -> None:
    told = record.to_dict(germany)
    assert set(CONTRACT.split()) <= set(told)
    data = told["data"]
    assert isinstance(data, dict)
    assert set(CONTRACT_OF_DATA.split()) <= set(data)
    assert told["country"] == "DEU"
    assert told["interval"] == list(germany.interval)
    assert told["version"] == germany.versions["econnet"]


def test_document_contains_every_plotted_point(germany: Forecast) -> None:
    told: Any = record.to_dict(germany)
    assert len(told["history"]) == len(germany.history)
    assert len(told["track_record"]) == len(germany.track_record)
    assert len(told["reliability"]) == len(germany.assessment.reliability)
    assert len(told["response_curves"]) == len(germany.explanation.response_curves)
    assert told["roc"]["econnet"]["hit_rate"][-1] == 1.0
    area = np.trapezoid(
        told["roc"]["econnet"]["hit_rate"], told["roc"]["econnet"]["false_alarm_rate"]
    )
    assert area == pytest.approx(germany.assessment.metrics.auroc)


def test_unknown_values_are_null(germany: Forecast) -> None:
    told: Any = record.to_dict(without_contractions(germany))
    assert told["history"][0] == {
        "period": "1995Q1",
        "growth": None,
        "contraction": 0.0,
    }
    assert told["metrics"]["auroc"] is None
    assert told["roc"] == {}
    assert all(math.isfinite(number) for number in numbers_in(told))


def test_file_contains_the_same_document(germany: Forecast, tmp_path: Path) -> None:
    (path,) = country_report.write(germany, tmp_path, [Format.JSON])
    assert json.loads(path.read_bytes()) == record.to_dict(germany)


def test_two_runs_differ_only_in_when_they_were_made(germany: Forecast) -> None:
    later = replace(germany, made_at="2031-01-01T09:00:00+00:00")
    first, second = record.to_dict(germany), record.to_dict(later)
    assert {key for key in first if first[key] != second[key]} == {"made_at"}


def test_document_needs_no_figures() -> None:
    code = "import sys, econnet.report.record; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
