"""Every forecast ever made, a line each, so that it can be held against the outcome.

`forecasts.csv` is only ever added to. A line is written in one call to the operating
system, so that whoever reads the file meets whole lines. A file begun by an older
version lacks columns: they are added, and are empty in its lines. Each line is read
alone, so that one which is damaged or was cut short costs itself and no other; what is
no journal at all is set aside and never written over. A text that a spreadsheet would
run as a formula has an apostrophe before it, which `read` takes away.
"""

import csv
import errno
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import pandas as pd
from filelock import FileLock

from econnet.core.errors import DataError
from econnet.core.text import as_cell, from_cell
from econnet.forecast.preparation import PreparedTask
from econnet.forecast.result import Forecast, PreviousForecast
from econnet.runtime import atomic_files

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
        _append(path, [as_cell(str(row.get(column, ""))) for column in columns])


def read(path: Path) -> list[dict[str, str]]:
    """Return the journal's lines, the oldest first, every cell as text.

    A journal that there is not has no lines; a column that a line lacks is empty. A
    line that breaks off within its probability is left out.

    Raises
    ------
    DataError
        The file is no journal.
    """
    return list(_rows(path))


def set_aside(path: Path) -> Path | None:
    """Rename what stands in the journal's place and is none; return its new place.

    `None` where a journal is there, or nothing.
    """
    if not path.exists() or _is_journal(path):
        return None
    names = (path.with_name(f"{path.name}.{n}.bak") for n in range(1, 10_000))
    aside = next(name for name in names if not name.exists())
    path.rename(aside)
    return aside


def latest(
    prepared: PreparedTask, path: Path, file: Path | None = None
) -> PreviousForecast | None:
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
    found: PreviousForecast | None = None
    for row in _rows(path):
        if any(row[key] != value for key, value in wanted.items()):
            continue
        earlier = _previous(row, prepared.origin)
        if earlier and (found is None or earlier.origin >= found.origin):
            found = earlier
    return found


def _previous(row: dict[str, str], before: pd.Period) -> PreviousForecast | None:
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
    return PreviousForecast(row["made_at"], origin, period, probability)


def _written(file: Path | None) -> str:
    path = "" if file is None else str(file.resolve())
    return path.encode(errors="replace").decode()  # a name may be no text


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the lines that can be read, each with all of `COLUMNS`."""
    if not path.exists():
        return
    with path.open("rb") as file:
        columns = _cells(file.readline(MAX_LINE))
        if columns and not {*ALWAYS} <= {*columns}:
            raise DataError(
                f"{path} is no journal of forecasts, for its first line is no list of "
                f"their columns: move it away, or write {','.join(ALWAYS)},... there"
            )
        for line in _lines(file):
            row = dict(zip(columns, _cells(line), strict=False))
            # In no version a line ends with the probability: this one was cut short
            # there, and what is left of the figure would be another.
            if row and (list(row)[-1] != "probability" or len(row) == len(columns)):
                yield {column: from_cell(row.get(column, "")) for column in COLUMNS}


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines that are left, but for those that are longer than any of ours."""
    while line := file.readline(MAX_LINE):
        if line.endswith(b"\n") or len(line) < MAX_LINE:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE)


def _cells(line: bytes) -> list[str]:
    """Return the cells of one line; none where it is no line of CSV."""
    text = line.decode("utf-8-sig", errors="replace").rstrip("\r\n")
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return []


def _is_journal(path: Path) -> bool:
    with path.open("rb") as file:
        columns = _cells(file.readline(MAX_LINE))
    return not columns or {*ALWAYS} <= {*columns}


def _columns_in(path: Path) -> Sequence[str]:
    """Return the journal's columns, once it has all of `COLUMNS`.

    A newer version's columns are kept. The file is replaced in one step.
    """
    if not path.exists() or path.stat().st_size == 0:
        _append(path, COLUMNS)
        return COLUMNS
    with path.open("rb") as file:
        there = _cells(file.readline(MAX_LINE))
        columns = [*there, *(column for column in COLUMNS if column not in there)]
        if columns != there:
            atomic_files.write(path, _line(columns) + file.read())
    return columns


def _append(path: Path, row: Sequence[str]) -> None:
    """Add a line, whole or not at all, and never to half a line."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    with atomic_files.named_os_error(path):
        descriptor = os.open(path, flags, 0o644)
        try:
            size = os.lseek(descriptor, 0, os.SEEK_END)
            line = _line(row)
            if size:
                os.lseek(descriptor, size - 1, os.SEEK_SET)
                if os.read(descriptor, 1) != b"\n":
                    line = b"\n" + line
            if os.write(descriptor, line) < len(line):
                os.ftruncate(descriptor, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)


def _line(row: Sequence[str]) -> bytes:
    text = io.StringIO()
    # A line for each forecast, so that each can be read alone.
    cells = [" ".join(cell.splitlines()) for cell in row]
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


# By these a journal of any version is known.
ALWAYS = ("made_at", "country")
MAX_LINE = 2**16
