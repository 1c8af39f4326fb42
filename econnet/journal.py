"""Every forecast ever made, a line each, so that it can be held against the outcome.

`forecasts.csv` is only ever added to. A line is written in one call to the operating
system, so that two processes do not mix theirs.
"""

import csv
import io
import os
from pathlib import Path

from econnet.forecast import Forecast

COLUMNS = (
    "made_at",
    "country",
    "frequency",
    "target",
    "label",
    "event",
    "horizon",
    "origin",
    "period",
    "probability",
    "version",
)


def add(forecast: Forecast, path: Path) -> None:
    """Add a forecast to the journal, which is begun if there is none."""
    task = forecast.task
    row = (
        forecast.made_at,
        forecast.country.alpha3,
        task.frequency,
        task.target,
        task.label,
        task.event,
        task.horizon,
        forecast.origin,
        forecast.period,
        f"{forecast.probability:.6f}",
        forecast.versions["econnet"],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        if os.fstat(descriptor).st_size == 0:
            os.write(descriptor, _line(COLUMNS))
        os.write(descriptor, _line(row))
    finally:
        os.close(descriptor)


def _line(row: tuple[object, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue().encode()
