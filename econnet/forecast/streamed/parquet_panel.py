"""The user's Parquet files as one long panel, and the SQL that reads some of its rows.

The files are wide: `country`, `period` and one column per indicator. They are never
sorted here, which would take more memory or disk than there may be: the rows must be
sorted by country and period, which is checked while features are computed. The files
are untrusted: the DuckDB that reads them can open nothing else.
"""

import glob
import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from econnet.core.errors import DataError, UsageError
from econnet.core.periods import PERIODS_A_YEAR, Frequency
from econnet.core.text import one_line
from econnet.runtime import untrusted_files
from econnet.runtime.untrusted_files import MAX_COLUMNS, MAX_VALUE


@dataclass(frozen=True, eq=False)
class Files:
    """The files of a panel, in the order of their rows.

    Parameters
    ----------
    columns, left_out
        The columns that hold numbers, and the others.
    file_rows
        Number of rows of each file.
    digest
        Of the files' footers, in which Parquet keeps sizes and statistics, and of the
        times at which they were written. Other data have another digest.
    """

    name: str
    paths: tuple[Path, ...]
    columns: tuple[str, ...]
    left_out: tuple[str, ...]
    frequency: Frequency
    file_rows: tuple[int, ...]
    digest: str
    database: duckdb.DuckDBPyConnection

    @property
    def rows(self) -> int:
        """Number of rows of all files."""
        return sum(self.file_rows)

    def query(self, start: int, stop: int, columns: Sequence[str]) -> list[str]:
        """Return one SQL query per file for rows `start` to `stop` of the panel.

        The queries give `n` (the number of the row in the panel), `country`, `t` (the
        number of the period) and the indicators as `x0`, `x1`, ... in float32. NaN
        counts as missing, and a value too large to compute with raises an error.
        """
        queries, first = [], 0
        for path, rows in zip(self.paths, self.file_rows, strict=True):
            begin, end = max(0, start - first), min(rows, stop - first)
            if begin < end:
                number = f"(file_row_number + {first})"
                cells = "".join(
                    f", {_cell(column, number)} AS x{i}"
                    for i, column in enumerate(columns)
                )
                queries.append(
                    f"SELECT {number} AS n, "  # noqa: S608 - names are quoted
                    "CAST(country AS VARCHAR) AS country, "
                    f"{PERIOD_NUMBER[self.frequency]} AS t{cells} "
                    f"FROM {untrusted_files.parquet(path, file_row_number=True)} "
                    f"WHERE file_row_number >= {begin} AND file_row_number < {end}"
                )
            first += rows
        return queries

    def head(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return the first rows: `n`, `country`, `t`, `x0`, `x1`, ..."""
        (query, *_) = self.query(0, HEAD_ROWS, columns)
        with self.reading():
            return self.database.cursor().execute(query).df()

    def place(self, row: int) -> str:
        """Return the file and the row number of a row of the panel, for a message."""
        ends = np.cumsum(self.file_rows)
        file = int(np.searchsorted(ends, row, side="right"))
        number = row - int(ends[file]) + self.file_rows[file]
        return f"{self.paths[file].name}, row {number + 1:,}"

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn what DuckDB reports about the rows into one line for the user."""
        name = self.paths[0].name if len(self.paths) == 1 else self.name
        with _reading(name):
            try:
                yield
            except duckdb.InvalidInputException as error:
                match = ROW_ERROR.search(str(error))
                if match is None:
                    raise
                place = self.place(int(match[1]))
                raise DataError(f"{place}: {one_line(match[2])}") from error


def row_error(message: str, number: str = "n") -> str:
    """Return SQL that raises an error about the row of that number, all being SQL."""
    return f"error('@' || {number} || '@' || {message})"


def is_streamed(data: Path) -> bool:
    """Return whether `--data` names a panel to stream.

    A pattern or a folder does, and so does a Parquet file of a million rows or more.
    """
    # The reader of the whole file reports what is wrong with it.
    if "\0" in str(data):
        return False
    try:
        if data.is_dir() or (glob.has_magic(str(data)) and not data.exists()):
            return True
        if data.suffix.lower() != ".parquet" or not data.is_file():
            return False
    except OSError:
        return False
    with _database([data.resolve()]) as database:
        try:
            with _reading(data.name):
                rows = untrusted_files.parquet_rows(database, data.resolve())
        except DataError:
            return False
    return rows >= STREAMED_ROWS


def name_of(data: Path) -> str:
    """Return the name of a panel: that of `panel/*.parquet` is `panel`."""
    if data.is_dir():
        return data.resolve().name or "panel"
    if data.is_file():
        return data.stem
    plain = [part for part in data.with_suffix("").parts if not glob.has_magic(part)]
    return plain[-1] if plain and plain[-1] not in {"/", ".."} else "panel"


def open_files(data: Path, frequency: Frequency | None = None) -> Files:
    """Return the panel that a pattern, a folder or a file names.

    Parameters
    ----------
    frequency
        Of the periods, where they are dates; by default as they are spaced.

    Raises
    ------
    DataError
        There is no such file, or one is not of the form that can be streamed.
    """
    paths = _paths(data)
    database = _database(paths)
    columns, left_out = _columns(database, paths)
    starts = {path: _first_rows(database, path) for path in paths}
    paths = sorted(filter(starts.get, paths), key=lambda path: starts[path][0])
    if not paths:
        raise DataError(f"{data} holds no rows")
    frequency = _frequency(paths[0], starts[paths[0]], frequency)
    _check_periods(database, paths, frequency)
    return Files(
        name=name_of(data),
        paths=tuple(paths),
        columns=columns,
        left_out=left_out,
        frequency=frequency,
        file_rows=tuple(untrusted_files.parquet_rows(database, path) for path in paths),
        digest=_digest(paths),
        database=database,
    )


def ordinal_of(text: str, frequency: Frequency) -> int | None:
    """Return a written period as a number, as pandas counts; `None` if it is none."""
    match = PERIOD.fullmatch(text)
    if match is None:
        return None
    year, quarter, month, day = match.groups()
    if day and not _is_day(text[:10]):
        return None
    if frequency == "A" and not quarter and not month:
        return int(year) - 1970
    if frequency == "Q" and quarter:
        return 4 * (int(year) - 1970) + int(quarter) - 1
    # A date stands for the period that it lies in.
    if month and (frequency == "M" or day):
        months = 12 * (int(year) - 1970) + int(month) - 1
        return months // (12 // PERIODS_A_YEAR[frequency])
    return None


def written(ordinal: int, frequency: Frequency) -> str:
    """Return a period as text: `2020`, `2020Q1` or `2020-01`."""
    year, part = divmod(ordinal, PERIODS_A_YEAR[frequency])
    tail = {"A": "", "Q": f"Q{part + 1}", "M": f"-{part + 1:02d}"}[frequency]
    return f"{1970 + year}{tail}"


def _paths(data: Path) -> list[Path]:
    if data.is_dir():
        found = _below(data)
    elif data.is_file():
        found = [str(data)]
    else:
        found = sorted(glob.glob(str(data), recursive=True))  # noqa: PTH207 - may be absolute
    files = [path.resolve() for path in map(Path, found) if path.is_file()]
    if not files:
        pattern = data / "**" / "*.parquet" if data.is_dir() else data
        raise DataError(f"no file is called {pattern}: check the pattern and folder")
    for path in files:
        if path.suffix.lower() != ".parquet":
            raise DataError(
                f"{path.name} is no Parquet file: only Parquet can be streamed"
            )
    return files


def _below(folder: Path) -> list[str]:
    """Return the Parquet files in a folder, in order, and in the folders below it.

    No folder is searched twice, though links may form circles; hidden files are left.
    """
    found, seen = list[str](), set[str]()
    for place, below, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        below[:] = [] if real in seen else [name for name in below if name[:1] != "."]
        if real not in seen:
            found += [
                str(Path(place) / name) for name in names if SHOWN.fullmatch(name)
            ]
        seen.add(real)
    return sorted(found)


def _database(paths: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB that can read these files and nothing else."""
    return untrusted_files.reader(
        paths,
        {
            "threads": 1,  # work is spread over ranges
            "memory_limit": "400MB",
            "temp_directory": "",
            "parquet_metadata_cache": True,
        },
    )


def _columns(
    database: duckdb.DuckDBPyConnection, paths: Sequence[Path]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns with numbers and those without, the same in every file."""
    schemas = [_schema(database, path) for path in paths]
    schema = schemas[0]
    for path, other in zip(paths, schemas, strict=True):
        if other != schema:
            differs = sorted(set(other.items()) ^ set(schema.items()))[0][0]
            raise DataError(
                f"{path.name} and {paths[0].name} differ in column {differs!r}: write "
                "all files with the same columns and types"
            )
    for needed in ("country", "period"):
        if needed not in schema:
            raise DataError(
                f"{paths[0].name} has no column {needed!r}, only "
                f"{', '.join(map(repr, list(schema)[:8]))}: name one so"
            )
    if {"indicator", "value"} <= set(schema):
        raise DataError(
            f"{paths[0].name} is long, with a row a value: a panel that is streamed "
            "has a column an indicator"
        )
    if "known_at" in schema:
        raise DataError(
            f"{paths[0].name} has a column 'known_at': a panel that is streamed has "
            "none; leave it out and say --lag"
        )
    others = [name for name in schema if name not in {"country", "period"}]
    numbers = [name for name in others if NUMBER.fullmatch(schema[name])]
    if not numbers:
        raise DataError(f"{paths[0].name} has no column of numbers")
    return tuple(numbers), tuple(name for name in others if name not in numbers)


def _schema(database: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    with _reading(path.name):
        names = untrusted_files.parquet_columns(database, path)
        if len(names) > MAX_COLUMNS:
            raise DataError(
                f"{path.name} has {len(names):,} columns, more than {MAX_COLUMNS:,}: "
                "leave some out"
            )
        name, times = Counter(map(str.casefold, names)).most_common(1)[0]
        if times > 1:
            raise DataError(
                f"{path.name}: two columns are called {name!r}: rename one of them"
            )
        rows = database.execute(
            f"DESCRIBE FROM {untrusted_files.parquet(path)}"
        ).fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def _first_rows(
    database: duckdb.DuckDBPyConnection, path: Path
) -> list[tuple[str, str]]:
    """Return country and period of a file's first rows."""
    query = (
        "SELECT CAST(country AS VARCHAR), CAST(period AS VARCHAR) FROM "  # noqa: S608 - the path is quoted
        f"{untrusted_files.parquet(path)} LIMIT 1000"
    )
    with _reading(path.name):
        rows = database.execute(query).fetchall()
    return [(str(country), str(period)) for country, period in rows]


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn what DuckDB reports about a file into one line for the user."""
    try:
        yield
    except duckdb.ConversionException as error:
        raise DataError(
            f"{name}: a number is too large to compute with "
            f"({untrusted_files.reason(error)}): choose another unit"
        ) from error
    except duckdb.Error as error:
        reason = untrusted_files.reason(error)
        raise DataError(
            f"{name} cannot be read as Parquet ({reason}): write it anew"
        ) from error


def _frequency(
    path: Path, first: Sequence[tuple[str, str]], wanted: Frequency | None
) -> Frequency:
    """Return the frequency of periods that are written like a file's first."""
    text = first[0][1]
    match = PERIOD.fullmatch(text)
    if match is None:
        raise DataError(
            f"{path.name}, row 1: {text!r} is no period: write 2020, 2020Q1, 2020-01 "
            "or 2020-01-31"
        )
    _, quarter, month, day = match.groups()
    if day:
        return wanted or _spacing(path, first)
    frequency: Frequency = "Q" if quarter else "M" if month else "A"
    if wanted not in {None, frequency}:
        raise UsageError(
            f"--frequency {wanted}, but the periods of {path.name} are like {text}: "
            f"choose --frequency {frequency}"
        )
    return frequency


def _check_periods(
    database: duckdb.DuckDBPyConnection, paths: Sequence[Path], frequency: Frequency
) -> None:
    """Raise `DataError` for the first period that cannot be read."""
    for path in paths:
        rows = untrusted_files.parquet(path, file_row_number=True)
        query = (
            "SELECT CAST(period AS VARCHAR), "  # noqa: S608 - the path is quoted
            f"min(file_row_number) FROM {rows} GROUP BY 1 ORDER BY 2"
        )
        with _reading(path.name):
            found = database.execute(query).fetchall()
        for text, row in found:
            ordinal = None if text is None else ordinal_of(text, frequency)
            if ordinal is None:
                raise DataError(
                    f"{path.name}, row {row + 1:,}: {text!r} is no period like "
                    f"{written(0, frequency)}, which the first row has"
                )


def _spacing(path: Path, first: Sequence[tuple[str, str]]) -> Frequency:
    """Return how often the dates of the first country come."""
    dates = []
    for row, (country, text) in enumerate(first, start=1):
        if not _is_day(text[:10]):
            raise DataError(
                f"{path.name}, row {row:,}: {text!r} is no date: write a day that "
                "there is, like 2020-01-31"
            )
        if country == first[0][0]:
            dates.append(text[:10])
    days = np.array(dates, "datetime64[D]").astype(np.int64)
    step = float(np.median(np.diff(days))) if len(days) > 1 else 365.0
    return "A" if step > 300 else "Q" if step > 80 else "M"


def _is_day(text: str) -> bool:
    """Return whether a text is a date that there is: February has no 30th."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 8))
            length = int.from_bytes(file.read(4), "little")
            file.seek(max(0, size - 8 - min(length, MAX_FOOTER_BYTES)))
            changed = path.stat().st_mtime_ns
            digest.update(f"{path.name} {size} {changed} ".encode() + file.read())
    return digest.hexdigest()


def _cell(column: str, number: str) -> str:
    """Return SQL of a column's value; `number` is the row's, for a message."""
    name = '"' + column.replace('"', '""') + '"'
    value = f"CAST({name} AS FLOAT)"
    message = row_error(
        f"{untrusted_files.sql_literal(column + ' is ')} || {name} || "
        f"', which is too large to compute with (the limit is {MAX_VALUE:g}): "
        "choose another unit'",
        number,
    )
    return (
        f"CASE WHEN abs({value}) <= {MAX_VALUE:g}::FLOAT THEN {value} "
        f"WHEN {name} IS NOT NULL AND NOT isnan({value}) THEN {message} END"
    )


STREAMED_ROWS = 10**6
MAX_FOOTER_BYTES = 2**28
SHOWN = re.compile(r"[^.].*\.parquet", re.DOTALL)
NUMBER = re.compile(
    r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|BOOLEAN"
)
PERIOD = re.compile(
    r"([12]\d{3})(?:-?Q([1-4])|[-M](0[1-9]|1[0-2])(?:-(\d{2}))?(?: 00:00:00)?)?",
    re.ASCII,
)
ROW_ERROR = re.compile(r"@(\d+)@(.*)", re.DOTALL)
HEAD_ROWS = 20_000

# The number of a period as pandas counts: years, quarters or months since 1970. Every
# period was read by `ordinal_of` before, so that these need not check anything.
_TEXT = "CAST(period AS VARCHAR)"
_YEARS = f"(CAST({_TEXT}[1:4] AS INTEGER) - 1970)"
_MONTH = f"(CAST({_TEXT}[6:7] AS INTEGER) - 1)"
PERIOD_NUMBER: Mapping[Frequency, str] = {
    "A": _YEARS,
    "Q": f"4 * {_YEARS} + CASE WHEN contains(upper({_TEXT}), 'Q') "
    f"THEN CAST(right({_TEXT}, 1) AS INTEGER) - 1 ELSE {_MONTH} // 3 END",
    "M": f"12 * {_YEARS} + {_MONTH}",
}
