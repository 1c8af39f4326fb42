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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from econnet.core.errors import DataError, UsageError
from econnet.core.periods import PANDAS_ALIAS, Frequency, WrittenPeriod, parse_period
from econnet.core.text import one_line
from econnet.runtime import untrusted_files
from econnet.runtime.untrusted_files import MAX_COLUMNS, MAX_VALUE


@dataclass(frozen=True, eq=False)
class ParquetPanel:
    """The files of a panel, in the order of their rows.

    Parameters
    ----------
    columns, left_out
        The columns of numbers, and the others.
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

    def period(self, ordinal: int) -> str:
        """Return the standard text of a period, given by its number since 1970."""
        return str(pd.Period(ordinal=ordinal, freq=PANDAS_ALIAS[self.frequency]))

    def query(self, start: int, stop: int) -> list[str]:
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
                    for i, column in enumerate(self.columns)
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

    def head(self) -> pd.DataFrame:
        """Return the first rows: `n`, `country`, `t`, `x0`, `x1`, ..."""
        (query, *_) = self.query(0, HEAD_ROWS)
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
        """Turn DuckDB's errors about the rows into one line for the user."""
        with _reading(self.paths[0].name if len(self.paths) == 1 else self.name):
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
    path = data.resolve()
    with suppress(DataError), _database([path]) as database, _reading(data.name):
        return untrusted_files.parquet_rows(database, path) >= STREAMED_ROWS
    return False


def name_of(data: Path) -> str:
    """Return the name of a panel: that of `panel/*.parquet` is `panel`."""
    if data.is_dir():
        return data.resolve().name or "panel"
    if data.is_file():
        return data.stem
    plain = [part for part in data.with_suffix("").parts if not glob.has_magic(part)]
    return plain[-1] if plain and plain[-1] not in {"/", ".."} else "panel"


def open_files(data: Path, frequency: Frequency | None = None) -> ParquetPanel:
    """Return the panel that a pattern, a folder or a file names.

    `frequency` is that of periods that are dates; by default it follows from their
    spacing. `DataError` if there is no such file, or one cannot be streamed.
    """
    paths = _paths(data)
    database = _database(paths)
    columns, left_out = _columns(database, paths)
    heads = {path: _first_rows(database, path) for path in paths}
    paths = sorted(filter(heads.get, paths), key=lambda path: heads[path][0])
    if not paths:
        raise DataError(f"{data} has no rows")
    frequency = _frequency(paths[0], heads[paths[0]], frequency)
    _check_periods(database, paths, frequency, example=heads[paths[0]][0][1])
    return ParquetPanel(
        name=name_of(data),
        paths=tuple(paths),
        columns=columns,
        left_out=left_out,
        frequency=frequency,
        file_rows=tuple(untrusted_files.parquet_rows(database, path) for path in paths),
        digest=_digest(paths),
        database=database,
    )


def _paths(data: Path) -> list[Path]:
    if data.is_dir():
        names = _below(data)
    else:
        pattern = glob.escape(str(data)) if data.is_file() else str(data)
        names = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - may be absolute
    files = [path.resolve() for path in map(Path, names) if path.is_file()]
    if not files:
        wanted = data / "**" / "*.parquet" if data.is_dir() else data
        raise DataError(f"no file is called {wanted}: check the pattern and folder")
    if other := [path.name for path in files if path.suffix.lower() != ".parquet"]:
        raise DataError(f"{other[0]} is not a Parquet file, so it cannot be streamed")
    return files


def _below(folder: Path) -> list[str]:
    """Return the Parquet files in a folder and below it, sorted; hidden ones are not.

    No folder is searched twice, even if links form cycles.
    """
    paths, seen = list[str](), set[str]()
    for place, below, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        below[:] = [name for name in below if not name.startswith(".")]
        paths += [str(Path(place) / name) for name in names if SHOWN.fullmatch(name)]
    return sorted(paths)


def _database(paths: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB that can read these files and nothing else."""
    settings: Mapping[str, str | int | bool] = {
        "threads": 1,  # each thread of ours runs a query of its own
        "memory_limit": "400MB",
        "temp_directory": "",
        "parquet_metadata_cache": True,
    }
    return untrusted_files.reader(paths, settings)


def _columns(
    database: duckdb.DuckDBPyConnection, paths: Sequence[Path]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns with numbers and those without, the same in every file."""
    name, schema = paths[0].name, _schema(database, paths[0])
    for path in paths[1:]:
        if differing := set(_schema(database, path).items()) ^ set(schema.items()):
            raise DataError(
                f"{path.name} and {name} differ in column {min(differing)[0]!r}: write "
                "all files with the same columns and types"
            )
    for needed in ("country", "period"):
        if needed not in schema:
            raise DataError(
                f"{name} has no column {needed!r}, only "
                f"{', '.join(map(repr, list(schema)[:8]))}: rename one of them"
            )
    if {"indicator", "value"} <= set(schema):
        raise DataError(
            f"{name} is long, with one row per value: a streamed panel has one column "
            "per indicator"
        )
    if "known_at" in schema:
        raise DataError(
            f"{name} has a column 'known_at', which a streamed panel cannot have: "
            "leave it out and use --lag"
        )
    others = [column for column in schema if column not in {"country", "period"}]
    numbers = [column for column in others if NUMBER.fullmatch(schema[column])]
    if not numbers:
        raise DataError(f"{name} has no column of numbers")
    return tuple(numbers), tuple(column for column in others if column not in numbers)


def _schema(database: duckdb.DuckDBPyConnection, path: Path) -> dict[str, str]:
    """Return the type of each column of a file."""
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
    """Turn DuckDB's errors about a file into one line for the user."""
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
            f"{name} cannot be read as Parquet ({reason}): write it again"
        ) from error


def _parse(text: str) -> WrittenPeriod | None:
    """Return the period that a text names, the midnight of a date included."""
    return parse_period(text.removesuffix(" 00:00:00"))


def _frequency(
    path: Path, head: Sequence[tuple[str, str]], wanted: Frequency | None
) -> Frequency:
    """Return the frequency of periods like those of a file's first rows."""
    text = head[0][1]
    written = _parse(text)
    if written is None:
        raise DataError(
            f"{path.name}, row 1: {text!r} is not a period: write 2020, 2020Q1, "
            "2020-01 or 2020-01-31"
        )
    if written.frequency is None:
        return wanted or _spacing(head)
    if wanted not in {None, written.frequency}:
        raise UsageError(
            f"--frequency {wanted}, but the periods of {path.name} are like {text}: "
            f"choose --frequency {written.frequency}"
        )
    return written.frequency


def _spacing(head: Sequence[tuple[str, str]]) -> Frequency:
    """Return the frequency of the first country's dates."""
    written = [_parse(text) for country, text in head if country == head[0][0]]
    days = np.array([day.text for day in written if day], "datetime64[D]")
    step = float(np.median(np.diff(days.astype(int)))) if len(days) > 1 else 365.0
    return "A" if step > 300 else "Q" if step > 80 else "M"


def _check_periods(
    database: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    frequency: Frequency,
    example: str,
) -> None:
    """Raise `DataError` for the first period that cannot be read."""
    for path in paths:
        rows = untrusted_files.parquet(path, file_row_number=True)
        query = (
            "SELECT CAST(period AS VARCHAR), "  # noqa: S608 - the path is quoted
            f"min(file_row_number) FROM {rows} GROUP BY 1 ORDER BY 2"
        )
        with _reading(path.name):
            periods = database.execute(query).fetchall()
        for text, row in periods:
            written = _parse(text or "")
            if written is None or written.ordinal(frequency) is None:
                raise DataError(
                    f"{path.name}, row {row + 1:,}: {text!r} is not a period like "
                    f"{example}, that of the first row"
                )


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
ROW_ERROR = re.compile(r"@(\d+)@(.*)", re.DOTALL)
HEAD_ROWS = 20_000

# The number of a period as pandas counts: years, quarters or months since 1970. Every
# period was parsed before, so these need not check anything.
_TEXT = "CAST(period AS VARCHAR)"
_YEARS = f"(CAST({_TEXT}[1:4] AS INTEGER) - 1970)"
_MONTH = f"(CAST({_TEXT}[6:7] AS INTEGER) - 1)"
PERIOD_NUMBER: Mapping[Frequency, str] = {
    "A": _YEARS,
    "Q": f"4 * {_YEARS} + CASE WHEN contains(upper({_TEXT}), 'Q') "
    f"THEN CAST(right({_TEXT}, 1) AS INTEGER) - 1 ELSE {_MONTH} // 3 END",
    "M": f"12 * {_YEARS} + {_MONTH}",
}
