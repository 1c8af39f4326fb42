"""The forecast log: one line per forecast, so that it can be compared with the outcome.

`forecasts.csv` is only ever appended to. A line is written in one call to the operating
system, so that readers see complete lines. Each line is read alone, so that a damaged
one costs no other; a file that is not a forecast log is renamed and never overwritten.
A text that a spreadsheet would run as a formula is preceded by an apostrophe, which
`read` removes.
"""

import csv
import errno
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar, get_args

import pandas as pd

from econnet.core.errors import DataError
from econnet.core.periods import FREQUENCIES, PANDAS_ALIAS, Frequency, parse_period
from econnet.core.task import Event
from econnet.core.text import as_cell, from_cell
from econnet.forecast.listener import Listener
from econnet.forecast.result import MAX_HORIZON, Forecast, PreviousForecast
from econnet.runtime import atomic_files, locks

if TYPE_CHECKING:
    from econnet.forecast.preparation import PreparedTask

Value = TypeVar("Value")

REQUIRED_COLUMNS = (
    *("made_at", "country", "frequency", "target", "label", "event", "horizon"),
    *("origin", "period", "probability", "version", "base_rate", "pool", "as_of"),
    *("source", "file"),
)
# Earlier logs lack the last two, which are then empty.
COLUMNS = (*REQUIRED_COLUMNS, "data_digest", "professional")


def add(forecast: Forecast, path: Path, file: Path | None = None) -> None:
    """Append a forecast to the log, which is created if needed.

    `file` is the user's file it was made from, where its outcome will be looked up.
    """
    row = {
        **_question(forecast, file),
        "made_at": forecast.made_at,
        "origin": forecast.origin,
        "period": forecast.period,
        "probability": f"{forecast.probability:.6f}",
        "version": forecast.versions["econnet"],
        "base_rate": f"{forecast.base_rate:.6f}",
        "pool": forecast.task.pool,
        "as_of": forecast.data.as_of,
        "source": forecast.data.source,
        "data_digest": forecast.provenance.data,
        "professional": _professional(forecast),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with locks.locked_file(path.with_name(f".{path.name}.lock"), path):
        columns = _columns(path) if path.exists() else []
        if not columns:
            _append(path, COLUMNS)
        cells = [row.get(column, "") for column in columns or COLUMNS]
        _append(path, [as_cell(str(cell)) for cell in cells])


def _professional(forecast: Forecast) -> str:
    """Return what professionals forecast of the same event; nothing if not given."""
    record = forecast.track_record
    rows = record[
        (record["model"] == "professional") & (record["origin"] == forecast.origin)
    ]
    return "" if rows.empty else f"{rows['probability'].iloc[0]:.6f}"


def read(path: Path) -> list[dict[str, str]]:
    """Return the log's lines, oldest first, every cell as text; none without a file.

    A cell that a line lacks is empty. A line cut short within its probability is left
    out. A file that is not a forecast log raises `DataError`.
    """
    return list(_rows(path))


def set_aside(path: Path) -> Path | None:
    """Rename a file that has the log's name but is not one; return its new path."""
    if not path.exists():
        return None
    if path.is_file():
        columns = _columns(path)
        if not columns or _is_header(columns):
            return None
    names = (path.with_name(f"{path.name}.{n}.bak") for n in range(1, 10_000))
    aside = next(name for name in names if not name.exists())
    path.rename(aside)
    return aside


def make_room(path: Path, listener: Listener) -> None:
    """Rename a file that has the log's name but is not one, and note it."""
    if aside := set_aside(path):
        listener.note(
            f"{path} is not a forecast log: it is kept as {aside.name}, and a new log "
            "is created"
        )


def latest(
    prepared: "PreparedTask | Forecast", path: Path, file: Path | None = None
) -> PreviousForecast | None:
    """Return the newest forecast of the same task from an earlier origin, if any.

    `file` is that of the user, as for `add`: regions of two files may share a name. A
    line that cannot be parsed is skipped.
    """
    return latest_of(prepared, _rows(path), file)


def latest_of(
    prepared: "PreparedTask | Forecast",
    lines: Iterable[Mapping[str, str]],
    file: Path | None = None,
) -> PreviousForecast | None:
    """Return the same as `latest`, from lines that `read` has returned."""
    question = _question(prepared, file)
    newest: PreviousForecast | None = None
    for row in lines:
        if any(row[key] != value for key, value in question.items()):
            continue
        with suppress(ValueError):
            line = parse(row)
            if line.origin < prepared.origin and (
                newest is None or line.origin >= newest.origin
            ):
                newest = PreviousForecast(
                    row["made_at"], line.origin, line.period, line.probability
                )
    return newest


@dataclass(frozen=True)
class LogEntry:
    """The values of a line by which its outcome is found."""

    made_at: datetime
    frequency: Frequency
    event: Event
    horizon: int
    origin: pd.Period
    period: pd.Period
    probability: float
    base_rate: float


def parse(row: Mapping[str, str]) -> LogEntry:
    """Return the values of a line; `ValueError` names the first that is wrong."""

    def value(name: str, convert: Callable[[str], Value]) -> Value:
        try:
            return convert(row[name])
        except ValueError as error:
            raise ValueError(f"has the {name} {row[name][:40]!r}") from error

    frequency = value("frequency", lambda text: _choice(text, FREQUENCIES))

    def period(text: str) -> pd.Period:
        written = parse_period(text)
        if written is None or written.frequency != frequency:
            raise ValueError(text)
        return pd.Period(text, PANDAS_ALIAS[frequency])

    made_at = value("made_at", datetime.fromisoformat)
    return LogEntry(
        made_at=made_at.replace(tzinfo=made_at.tzinfo or UTC),
        frequency=frequency,
        event=value("event", lambda text: _choice(text, get_args(Event))),
        horizon=value("horizon", lambda text: int(_between(int(text), MAX_HORIZON))),
        origin=value("origin", period),
        period=value("period", period),
        probability=value("probability", lambda text: _between(float(text), 1)),
        base_rate=value("base_rate", lambda text: _between(float(text), 1)),
    )


def _choice(text: str, choices: Sequence[Value]) -> Value:
    return choices[choices.index(text)]


def _between(number: float, maximum: float) -> float:
    if not 0 <= number <= maximum:
        raise ValueError(number)
    return number


def _question(answer: "Forecast | PreparedTask", file: Path | None) -> dict[str, str]:
    """Return the cells in which forecasts of the same question agree."""
    names = ("frequency", "target", "label", "event", "horizon")
    path = "" if file is None else str(file.resolve())
    return {
        "country": answer.country.alpha3,
        **{name: str(getattr(answer.task, name)) for name in names},
        "file": path.encode(errors="replace").decode(),  # a name may be invalid UTF-8
    }


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the lines that can be read, each with all of `COLUMNS`."""
    if not path.exists():
        return
    if path.is_fifo():
        raise DataError(f"{path} is a named pipe, no forecast log: move it away")
    with path.open("rb") as file:
        columns = _cells(file.readline(MAX_LINE))
        if columns and not _is_header(columns):
            raise DataError(
                f"{path} is not a forecast log, since its first line does not list the "
                f"columns: move it away, or make the line {','.join(COLUMNS)}"
            )
        for line in _lines(file):
            row = dict(zip(columns, _cells(line), strict=False))
            # A line cut short within its probability would give another number.
            if row and (list(row)[-1] != "probability" or len(row) == len(columns)):
                yield {column: from_cell(row.get(column, "")) for column in COLUMNS}


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the remaining lines, except those longer than any that econnet writes."""
    while line := file.readline(MAX_LINE):
        if line.endswith(b"\n") or len(line) < MAX_LINE:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE)


def _cells(line: bytes) -> list[str]:
    """Return the cells of one line; none if it is not CSV."""
    text = line.decode("utf-8-sig", errors="replace").rstrip("\r\n")
    try:
        return next(csv.reader([text]), [])
    except csv.Error:
        return []


def _columns(path: Path) -> list[str]:
    with path.open("rb") as file:
        return _cells(file.readline(MAX_LINE))


def _is_header(columns: Sequence[str]) -> bool:
    """Return whether a file with these columns is a log; a user may add columns."""
    return {*REQUIRED_COLUMNS} <= {*columns}


def _append(path: Path, row: Sequence[str]) -> None:
    """Append a complete line or nothing, on a new line even after half a line."""
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
    # One line per forecast, so that each can be read alone.
    cells = [" ".join(cell.splitlines()) for cell in row]
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode(errors="replace")  # as in `_question`


MAX_LINE = 2**16
