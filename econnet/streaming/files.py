"""The user's Parquet files as one long panel that is read a range of rows at a time.

The files are wide: `country, period` and a column an indicator. Nothing is ever sorted
here, which would take more memory or disk than there may be; the rows must come sorted
by country and period, which the survey checks. A range is made of whole row groups
where it can be, because a row group is unpacked as a whole however little of it is
asked for. Files come from strangers: the DuckDB that reads them can reach nothing else.
"""

import glob
import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
import numpy.typing as npt

from econnet import strangers
from econnet.core.periods import PERIODS_A_YEAR, Frequency
from econnet.errors import DataError, UsageError
from econnet.strangers import MOST_COLUMNS

Singles = npt.NDArray[np.float32]
Ordinals = npt.NDArray[np.int64]
Answer = TypeVar("Answer")

# Enough rows to shuffle within and to pay for a query, few enough to hold a few of.
RANGE_ROWS = 2**18
RANGE_CELLS = 2**23


@dataclass(frozen=True)
class RowRange:
    """Rows `start` to `stop` of one file; `first` is the panel's row at `start`."""

    file: int
    start: int
    stop: int
    first: int

    @property
    def rows(self) -> int:
        """How many rows these are."""
        return self.stop - self.start


@dataclass(frozen=True, eq=False)
class Rows:
    """Some neighbouring rows of the panel.

    Parameters
    ----------
    entity : array (rows,)
        A number that neighbouring rows share if they are of one country.
    period : array (rows,)
        As pandas counts periods: years, quarters or months since 1970.
    values : array (indicators, rows)
        Missing values are NaN.
    """

    entity: npt.NDArray[np.uint64]
    period: Ordinals
    values: Singles

    def __len__(self) -> int:
        return len(self.entity)

    def after(self, row: int) -> "Rows":
        """Return the rows from `row` on."""
        return Rows(self.entity[row:], self.period[row:], self.values[:, row:])

    def then(self, later: "Rows") -> "Rows":
        """Return these rows and those that follow them."""
        return Rows(
            np.concatenate([self.entity, later.entity]),
            np.concatenate([self.period, later.period]),
            np.concatenate([self.values, later.values], axis=1),
        )


@dataclass(frozen=True)
class Spell:
    """The rows of one country within a range, as row numbers of its file."""

    country: str | None
    first: int
    last: int
    rows: int


@dataclass(frozen=True, eq=False)
class Files:
    """The files of a panel, in the order of their rows.

    Parameters
    ----------
    columns, left_out
        The columns that hold numbers, and the others.
    row_groups
        Rows of each row group of each file.
    digest
        Of the files' footers, in which Parquet keeps sizes and statistics, and of when
        they were written: other data have another.
    periods
        Each period's number by the hash that DuckDB has for it as it is written, which
        takes less time than to read what is written in every row.
    """

    name: str
    paths: tuple[Path, ...]
    columns: tuple[str, ...]
    left_out: tuple[str, ...]
    frequency: Frequency
    row_groups: tuple[tuple[int, ...], ...]
    digest: str
    periods: Mapping[int, int]
    database: duckdb.DuckDBPyConnection

    def __reduce__(self) -> tuple[Callable[..., "Files"], tuple[dict[str, Any]]]:
        """Pickle all but the database, which another process opens anew."""
        names = {it.name for it in fields(self)} - {"database"}
        return _opened_anew, ({name: getattr(self, name) for name in names},)

    @property
    def rows(self) -> int:
        """How many rows all files have together."""
        return sum(map(sum, self.row_groups))

    @cached_property
    def ranges(self) -> list[RowRange]:
        """The whole panel, cut into ranges of at most `RANGE_ROWS` rows."""
        most = max(1, min(RANGE_ROWS, RANGE_CELLS // len(self.columns)))
        ranges, before = [], 0
        for file, groups in enumerate(self.row_groups):
            start = 0
            for rows in _merged(groups, most):
                ranges.append(RowRange(file, start, start + rows, before + start))
                start += rows
            before += start
        return ranges

    @property
    def most_rows(self) -> int:
        """How many rows the longest range has."""
        return max(it.rows for it in self.ranges)

    def read(
        self,
        rows: RowRange,
        columns: Sequence[str] | None = None,
        out: Singles | None = None,
    ) -> Rows:
        """Return a range of rows, with some of the columns or with all.

        Their values stand in `out`, if it is given: a flat array that is long enough.
        """
        wanted = self.columns if columns is None else columns
        numbers = "".join(f", CAST({_name(column)} AS FLOAT)" for column in wanted)
        answer = self._ask(
            rows,
            f"SELECT hash(country), hash(period){numbers} FROM chosen",  # noqa: S608 - names are quoted
            duckdb.DuckDBPyConnection.fetchnumpy,
        )
        found = list(answer.values())
        entity, period = (np.asarray(it, np.uint64) for it in found[:2])
        hashes = np.array(sorted(self.periods), np.uint64)
        ordinals = np.array([self.periods[it] for it in sorted(self.periods)], np.int64)
        values = table_in(out, len(wanted), len(entity))
        for row, cells in zip(values, map(np.ma.asarray, found[2:]), strict=True):
            np.copyto(row, cells.data)
            if np.ma.is_masked(cells):
                row[np.ma.getmaskarray(cells)] = np.nan
        place = np.searchsorted(hashes, period)
        return Rows(entity, ordinals[place], values)

    def spells(self, rows: RowRange) -> list[Spell]:
        """Return which countries a range holds, in the order of their first rows."""
        found = self._ask(
            rows,
            "SELECT CAST(country AS VARCHAR), min(file_row_number), "
            "max(file_row_number), count(*) FROM chosen GROUP BY 1 ORDER BY 2",
            duckdb.DuckDBPyConnection.fetchall,
        )
        return [Spell(*row) for row in found]

    def place(self, rows: RowRange, row: int) -> str:
        """Return where a row of a range stands, for a message: file and row number."""
        return f"{self.paths[rows.file].name}, row {row + 1:,}"

    def _ask(
        self,
        rows: RowRange,
        query: str,
        fetch: Callable[[duckdb.DuckDBPyConnection], Answer],
    ) -> Answer:
        """Run a query about `chosen`, the rows of a range, in the order of the file."""
        path = self.paths[rows.file]
        chosen = (
            "WITH chosen AS (SELECT * FROM "  # noqa: S608 - the path is quoted
            f"{strangers.parquet(path, file_row_number=True)} "
            f"WHERE file_row_number >= {rows.start} AND file_row_number < {rows.stop})"
        )
        with _reading(path):
            return fetch(self.database.cursor().execute(f"{chosen} {query}"))


def table_in(memory: Singles | None, columns: int, rows: int) -> Singles:
    """Return a table of columns in memory that is there, or in new memory.

    Memory that is given back and taken anew for every range costs more than all that is
    done with it: the system clears each page again.
    """
    if memory is None:
        return np.empty((columns, rows), np.float32)
    return memory[: columns * rows].reshape(columns, rows)


def is_streamed(data: Path) -> bool:
    """Say whether `--data` names a panel to stream.

    A pattern or a folder does, and so does a Parquet file of a million rows or more.
    """
    # Who reads it whole will say what is wrong with it.
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
            return sum(_row_groups(database, data.resolve())) >= STREAMED_ROWS
        except DataError:
            return False


def name_of(data: Path) -> str:
    """Return what a pattern or file is called: `panel/*.parquet` is `panel`."""
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
    paths = sorted((it for it in paths if starts[it]), key=lambda it: starts[it][0])
    if not paths:
        raise DataError(f"{data} holds no rows")
    frequency = _frequency(paths[0], starts[paths[0]], frequency)
    return Files(
        name=name_of(data),
        paths=tuple(paths),
        columns=columns,
        left_out=left_out,
        frequency=frequency,
        row_groups=tuple(_row_groups(database, path) for path in paths),
        digest=_digest(paths),
        periods=_periods(database, paths, frequency),
        database=database,
    )


def _opened_anew(told: dict[str, Any]) -> Files:
    return Files(**told, database=_database(told["paths"]))


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


def _merged(groups: Sequence[int], most: int) -> Iterator[int]:
    """Yield rows of neighbouring groups together, up to `most`; cut what is larger."""
    together = 0
    for rows in groups:
        if together and together + rows > most:
            yield together
            together = 0
        together += rows
        if together > most:
            parts = np.array_split(np.arange(together), -(-together // most))
            yield from map(len, parts)
            together = 0
    if together:
        yield together


def _paths(data: Path) -> list[Path]:
    if data.is_dir():
        found = _below(data)
    elif data.is_file():
        found = [str(data)]
    else:
        found = sorted(glob.glob(str(data), recursive=True))  # noqa: PTH207 - may be absolute
    files = [Path(it).resolve() for it in found if Path(it).is_file()]
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

    None is gone into twice, though links lead round in circles; what is hidden is left.
    """
    found, seen = list[str](), set[str]()
    for place, below, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        below[:] = [] if real in seen else [it for it in below if it[:1] != "."]
        if real not in seen:
            found += [
                str(Path(place) / name) for name in names if SHOWN.fullmatch(name)
            ]
        seen.add(real)
    return sorted(found)


def _database(paths: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB that can read these files and nothing else."""
    return strangers.reader(
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
    with _reading(path):
        names = strangers.parquet_columns(database, path)
        if len(names) > MOST_COLUMNS:
            raise DataError(
                f"{path.name} has {len(names):,} columns, more than {MOST_COLUMNS:,}: "
                "leave some out"
            )
        name, times = Counter(map(str.casefold, names)).most_common(1)[0]
        if times > 1:
            raise DataError(
                f"{path.name}: two columns are called {name!r}: rename one of them"
            )
        rows = database.execute(f"DESCRIBE FROM {strangers.parquet(path)}").fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def _first_rows(
    database: duckdb.DuckDBPyConnection, path: Path
) -> list[tuple[str, str]]:
    """Return country and period of a file's first rows."""
    query = (
        "SELECT CAST(country AS VARCHAR), CAST(period AS VARCHAR) FROM "  # noqa: S608 - the path is quoted
        f"{strangers.parquet(path)} LIMIT 1000"
    )
    with _reading(path):
        rows = database.execute(query).fetchall()
    return [(str(country), str(period)) for country, period in rows]


def _row_groups(database: duckdb.DuckDBPyConnection, path: Path) -> tuple[int, ...]:
    query = (
        "SELECT any_value(row_group_num_rows) FROM "  # noqa: S608 - the path is quoted
        f"parquet_metadata({strangers.exactly(path)}) "
        "GROUP BY row_group_id ORDER BY row_group_id"
    )
    with _reading(path):
        return tuple(int(row[0]) for row in database.execute(query).fetchall())


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Make what DuckDB says of a file that it cannot read a line for the user."""
    try:
        yield
    except duckdb.ConversionException as error:
        raise DataError(
            f"{path.name}: a number is beyond what can be reckoned with "
            f"({strangers.reason(error)}): choose another unit"
        ) from error
    except duckdb.Error as error:
        reason = strangers.reason(error)
        raise DataError(
            f"{path.name} cannot be read as Parquet ({reason}): write it anew"
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


def _periods(
    database: duckdb.DuckDBPyConnection, paths: Sequence[Path], frequency: Frequency
) -> dict[int, int]:
    """Return the number of each period by its hash, once all can be read."""
    numbers = {}
    for path in paths:
        query = (
            "SELECT hash(period), CAST(any_value(period) AS VARCHAR), "  # noqa: S608 - the path is quoted
            "min(file_row_number) FROM "
            f"{strangers.parquet(path, file_row_number=True)} GROUP BY 1 ORDER BY 3"
        )
        with _reading(path):
            found = database.execute(query).fetchall()
        for hashed, text, row in found:
            ordinal = None if text is None else ordinal_of(text, frequency)
            if ordinal is None:
                raise DataError(
                    f"{path.name}, row {row + 1:,}: {text!r} is no period like "
                    f"{written(0, frequency)}, which the first row has"
                )
            numbers[hashed] = ordinal
    return numbers


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
            file.seek(max(0, size - 8 - min(length, LARGEST_FOOTER)))
            changed = path.stat().st_mtime_ns
            digest.update(f"{path.name} {size} {changed} ".encode() + file.read())
    return digest.hexdigest()


def _name(value: str) -> str:
    escaped = value.replace('"', '""')
    return f'"{escaped}"'


STREAMED_ROWS = 10**6
LARGEST_FOOTER = 2**28
SHOWN = re.compile(r"[^.].*\.parquet", re.DOTALL)
NUMBER = re.compile(
    r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|BOOLEAN"
)
PERIOD = re.compile(
    r"([12]\d{3})(?:-?Q([1-4])|[-M](0[1-9]|1[0-2])(?:-(\d{2}))?(?: 00:00:00)?)?",
    re.ASCII,
)
