"""Every forecast ever made, a line each, so that it can be held against the outcome.

`forecasts.csv` is only ever added to. A line is written in one call to the operating
system, so that whoever reads the file meets whole lines. A file begun by an older
version lacks columns: they are added, and are empty in its lines.
"""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from filelock import FileLock

from econnet import whole
from econnet.answer import Forecast, Previous
from econnet.preparation import Prepared

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
    "base_rate",
    "pool",
    "as_of",
    "source",
    "file",
)


def add(forecast: Forecast, path: Path, file: Path | None = None) -> None:
    """Add a forecast to the journal, which is begun if there is none.

    Parameters
    ----------
    file
        The user's file from which it was made, in which its outcome will be looked for;
        `None` for econnet's own data.
    """
    task = forecast.task
    row = {
        "made_at": forecast.made_at,
        "country": forecast.country.alpha3,
        "frequency": task.frequency,
        "target": task.target,
        "label": task.label,
        "event": task.event,
        "horizon": task.horizon,
        "origin": forecast.origin,
        "period": forecast.period,
        "probability": f"{forecast.probability:.6f}",
        "version": forecast.versions["econnet"],
        "base_rate": f"{forecast.base_rate:.6f}",
        "pool": task.pool,
        "as_of": forecast.data.as_of,
        "source": forecast.data.source,
        "file": _written(file),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        columns = _columns_in(path)
        _append(path, [str(row.get(column, "")) for column in columns])


def read(path: Path) -> list[dict[str, str]]:
    """Return the journal's lines, the oldest first, every cell as text.

    A journal that there is not has no lines; a column that a line lacks is empty.
    """
    if not path.exists():
        return []
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        lines = csv.DictReader(file, restval="")
        return [
            {column: line.get(column) or "" for column in COLUMNS} for line in lines
        ]


def latest(prepared: Prepared, path: Path, file: Path | None = None) -> Previous | None:
    """Return the newest forecast of the same task from an earlier origin.

    `file` is that of the user, as for `add`: regions of two files may share a name.
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
        "file": _written(file),
    }
    found: Previous | None = None
    for row in read(path):
        if any(row[key] != value for key, value in wanted.items()):
            continue
        earlier = _previous(row, prepared.origin)
        if earlier and (found is None or earlier.origin >= found.origin):
            found = earlier
    return found


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


def _written(file: Path | None) -> str:
    return "" if file is None else str(file.resolve())


def _columns_in(path: Path) -> Sequence[str]:
    """Return the journal's columns, once it has all of `COLUMNS`.

    A newer version's columns are kept. The file is replaced in one step.
    """
    if not path.exists() or path.stat().st_size == 0:
        _append(path, COLUMNS)
        return COLUMNS
    content = path.read_bytes()
    first, _, rest = content.partition(b"\n")
    there = next(csv.reader([first.decode()]))
    columns = [*there, *(column for column in COLUMNS if column not in there)]
    if columns != there:
        whole.write(path, _line(columns) + rest)
    return columns


def _append(path: Path, row: Sequence[str]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, _line(row))
    finally:
        os.close(descriptor)


def _line(row: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue().encode()
