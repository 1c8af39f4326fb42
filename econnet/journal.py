"""Every forecast ever made, a line each, so that it can be held against the outcome.

`forecasts.csv` is only ever added to. A line is written in one call to the operating
system, so that two processes do not mix theirs.
"""

import csv
import io
import os
from pathlib import Path

import pandas as pd

from econnet.forecast import Forecast, Prepared, Previous

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


def latest(prepared: Prepared, path: Path) -> Previous | None:
    """Return the newest forecast of the same task from an earlier origin.

    `None` where there is none. One from the same origin is no change worth telling, and
    a line that cannot be read is passed over: the file is the user's.
    """
    task = prepared.task
    wanted = {
        "country": prepared.country.alpha3,
        "frequency": task.frequency,
        "target": task.target,
        "label": task.label,
        "event": task.event,
        "horizon": str(task.horizon),
    }
    found: Previous | None = None
    for row in _rows(path):
        if any(row.get(key) != value for key, value in wanted.items()):
            continue
        earlier = _previous(row, prepared.origin)
        if earlier and (found is None or earlier.origin >= found.origin):
            found = earlier
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _previous(row: dict[str, str], before: pd.Period) -> Previous | None:
    """Return the forecast of a line, if it was made before the origin `before`."""
    try:
        origin, period = (
            pd.Period(row[key], before.freqstr) for key in ("origin", "period")
        )
        probability = float(row["probability"])
    except (KeyError, TypeError, ValueError):
        return None
    if origin >= before or not 0 <= probability <= 1:
        return None
    return Previous(row["made_at"], origin, period, probability)


def _line(row: tuple[object, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue().encode()
