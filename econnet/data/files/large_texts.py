"""The lines of a large text file below its first ones, read by DuckDB.

DuckDB has no access to any other file. Columns whose first cells are plain numbers are
read as numbers at once; if any cell of them is another text, DuckDB reads the file
again and shows which columns have such texts.
"""

import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from econnet.core.errors import DataError
from econnet.data.files import number_texts
from econnet.data.files.codes import Column, categorical
from econnet.data.files.period_texts import PERIOD_NUMBER
from econnet.data.files.sheets import check_width
from econnet.runtime import untrusted_files


def read_below(
    path: Path,
    encoding: str,
    delimiter: str,
    sample: Sequence[Sequence[str]],
    *,
    line: int,
    width: int,
) -> pd.DataFrame:
    """Return the cells from a line on, one column per cell, indexed by line.

    `sample` has the first lines from that line on, split into cells.

    Raises
    ------
    DataError
        A line has more cells than `width`, or the file cannot be read.
    """
    check_width(path.name, width)
    names = [f"c{number}" for number in range(width)]
    numbers = {
        name: cells
        for name, cells in zip(names, _columns(sample, width), strict=True)
        if _are_plain_numbers(cells)
    }
    missing = {cell for cells in numbers.values() for cell in {*cells}}
    missing = {cell for cell in missing if number_texts.is_missing(cell)}
    limits = {"temp_directory": "", "memory_limit": MEMORY_LIMIT}
    with _as_utf8(path, encoding) as plain:
        _check_empty_cells(path.name, plain, delimiter)
        lines = _Lines(plain.resolve(), line - 1, delimiter, names, missing)
        with untrusted_files.reader([lines.path], limits) as database:
            try:
                return _fetch(database, lines, {*numbers}, line)
            except duckdb.Error as error:
                raise DataError(f"{path.name}{_csv_fault(str(error))}") from error


@contextmanager
def _as_utf8(path: Path, encoding: str) -> Iterator[Path]:
    """Give the file itself, or a copy of it in UTF-8."""
    if encoding in PLAIN_ENCODINGS:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.csv"
        with (
            path.open(encoding=encoding, errors="replace", newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            while block := source.read(2**22):
                target.write(block)
        yield copy


def _check_empty_cells(file: str, plain: Path, delimiter: str) -> None:
    """Raise `DataError` for a file of little but empty cells.

    A cell of one byte takes some forty in memory. They are counted before any is read,
    in one block of a few.
    """
    mark = delimiter.encode()
    # Neighbours of a separator or line end: two of each pair in a row are empty.
    pairs = {mark + mark: 2, mark + b"\n": 1, b"\n" + mark: 1}
    n_empty, n_read, size = 0, 0, plain.stat().st_size
    with plain.open("rb") as source:
        for start in range(0, size, STEP_OF_BLOCKS * BYTES_OF_BLOCK):
            source.seek(start)
            block = source.read(BYTES_OF_BLOCK).replace(b"\r", b"")
            n_empty += sum(n * block.count(pair) for pair, n in pairs.items())
            n_read += len(block)
    share = n_empty / max(n_read, 1)
    if share > MAX_SHARE_OF_EMPTY and share * size > MAX_EMPTY_CELLS:
        raise DataError(
            f"{file} has more than {MAX_EMPTY_CELLS:,} empty cells and little else: "
            "delete the empty columns and lines"
        )


@dataclass(frozen=True)
class _Lines:
    """The lines of a file below the first ones, for DuckDB.

    `missing` are the texts for missing values among its first numbers.
    """

    path: Path
    skipped: int
    delimiter: str
    names: Sequence[str]
    missing: Collection[str]

    def reader(self, numbers: Collection[str] = ()) -> str:
        """Return the table function that reads texts, and some columns as numbers."""
        columns = ", ".join(
            f"'{name}': '{'DOUBLE' if name in numbers else 'VARCHAR'}'"
            for name in self.names
        )
        words = map(untrusted_files.sql_literal, ["", *sorted(self.missing)])
        missing = f", nullstr = [{', '.join(words)}]" if numbers else ""
        return (
            f"read_csv({untrusted_files.exactly(self.path)}, "
            f"columns = {{{columns}}}, auto_detect = false, header = false, "
            f"skip = {self.skipped}, null_padding = true, "
            f"delim = {untrusted_files.sql_literal(self.delimiter)}, "
            f"quote = '\"', escape = '\"', hive_partitioning = false{missing})"
        )


def _fetch(
    database: duckdb.DuckDBPyConnection, lines: _Lines, numbers: set[str], line: int
) -> pd.DataFrame:
    """Return all columns: numbers where every cell is one, else categories of texts."""
    n_texts = len(lines.names) - len(numbers)
    typed = bool(numbers) and not _has_grouped_digits(lines.path)
    if typed and n_texts <= MAX_SHARE_OF_TEXTS * len(lines.names):
        columns = _typed_columns(database, lines, numbers)
        if columns is not None:
            return _as_table(columns, line)
        typed = False
    if not typed or not _load_typed(database, lines, numbers):
        numbers = numbers - _load_texts(database, lines, numbers)
    selected = ", ".join(
        name if name in numbers else _as_category(database, name)
        for name in lines.names
    )
    table: pd.DataFrame = database.execute(f"SELECT {selected} FROM cells").df()  # noqa: S608 - names are ours
    return _as_table([table[name].array for name in lines.names], line)


def _as_table(columns: Sequence[Column], line: int) -> pd.DataFrame:
    """Return columns of a file as a table indexed by line, without a copy."""
    index = pd.RangeIndex(line, line + len(columns[0]))
    return pd.DataFrame(dict(enumerate(columns)), index, copy=False)


def _typed_columns(
    database: duckdb.DuckDBPyConnection, lines: _Lines, numbers: set[str]
) -> list[Column] | None:
    """Return columns with their types, or `None` if they differ from the file.

    Texts become objects first, which is fast only if they are few.
    """
    try:
        cells = database.execute(f"FROM {lines.reader(numbers)}").fetchnumpy()
    except duckdb.ConversionException:
        return None
    columns: list[Column] = []
    for name in lines.names:
        missing = np.ma.getmaskarray(np.ma.asanyarray(cells[name]))
        if name in numbers:
            column = np.ma.filled(cells[name], np.nan)
            if np.isinf(column).any():
                return None
            columns.append(column)
        elif missing.all():
            columns.append(np.full(len(missing), np.nan))
        elif lines.missing and missing.any():
            return None
        else:
            codes, texts = pd.factorize(np.ma.filled(cells[name], None))
            columns.append(categorical(codes, texts.tolist()))
    return columns


def _load_typed(
    database: duckdb.DuckDBPyConnection, lines: _Lines, numbers: set[str]
) -> bool:
    """Copy the cells to a table; return whether they are the same as in the file.

    That is so if every cell of `numbers` is one, and no text was taken as missing: NA
    is Namibia in a column of countries.
    """
    try:
        database.execute(f"CREATE TEMP TABLE cells AS FROM {lines.reader(numbers)}")
    except duckdb.ConversionException:
        return False
    if not _with_other_texts(database, lines.names, numbers) and not (
        lines.missing and _with_gaps(database, lines.names, numbers)
    ):
        return True
    database.execute("DROP TABLE cells")
    return False


def _with_gaps(
    database: duckdb.DuckDBPyConnection, names: Sequence[str], numbers: set[str]
) -> bool:
    """Return whether a cell in a column of texts is missing."""
    tests = " OR ".join(f"{name} IS NULL" for name in names if name not in numbers)
    if not tests:
        return False
    query = f"SELECT 1 FROM cells WHERE {tests} LIMIT 1"  # noqa: S608 - names are ours
    return bool(database.execute(query).fetchall())


def _has_grouped_digits(path: Path) -> bool:
    """Return whether a file has an underscore between digits.

    DuckDB reads 1_000 as a thousand, but in smaller files it is not a number.
    """
    before = b""
    with path.open("rb") as file:
        while block := file.read(2**24):
            codes = np.frombuffer(before + block, dtype=np.uint8)
            inner = np.flatnonzero(codes[1:-1] == ord("_")) + 1
            around = (codes[inner - 1] - ord("0"), codes[inner + 1] - ord("0"))
            # Differences of bytes below zero are above 200.
            if ((around[0] < 10) & (around[1] < 10)).any():
                return True
            before = block[-2:]
    return False


def _load_texts(
    database: duckdb.DuckDBPyConnection, lines: _Lines, numbers: set[str]
) -> set[str]:
    """Copy the cells to a table; return the columns of `numbers` with other texts."""
    _load(database, "cells", lines, numbers)
    odd = _with_other_texts(database, lines.names, numbers)
    if odd:
        _load(database, "texts", lines, numbers - odd)
        database.execute("DROP TABLE cells; ALTER TABLE texts RENAME TO cells")
    return odd


def _load(
    database: duckdb.DuckDBPyConnection, table: str, lines: _Lines, numbers: set[str]
) -> None:
    """Copy the cells to a table: numbers as such, infinity for any other text."""
    columns = ", ".join(_as_number(n) if n in numbers else n for n in lines.names)
    database.execute(
        f"CREATE TEMP TABLE {table} AS SELECT {columns} FROM {lines.reader()}"  # noqa: S608 - names are ours
    )


def _as_number(name: str) -> str:
    other = (
        f"CASE WHEN {name} IS NULL OR lower(trim({name})) IN ({MISSING_IN_SQL}) "
        "THEN NULL ELSE 'inf'::DOUBLE END"
    )
    # DuckDB reads 1_000 as a thousand.
    number = f"CASE WHEN NOT contains({name}, '_') THEN try_cast({name} AS DOUBLE) END"
    return f"coalesce({number}, {other}) AS {name}"


def _with_other_texts(
    database: duckdb.DuckDBPyConnection, names: Sequence[str], numbers: set[str]
) -> set[str]:
    """Return the columns of numbers in which some cell is another text."""
    asked = [name for name in names if name in numbers]
    if not asked:
        return set()
    tests = ", ".join(f"coalesce(bool_or(isinf({name})), false)" for name in asked)
    found = database.execute(f"SELECT {tests} FROM cells").fetchall()[0]  # noqa: S608 - names are ours
    return {name for name, is_odd in zip(asked, found, strict=True) if is_odd}


def _as_category(database: duckdb.DuckDBPyConnection, name: str) -> str:
    """Return the SQL of a column of texts as numbers of its distinct texts."""
    some = f"SELECT {name} FROM cells WHERE {name} IS NOT NULL"  # noqa: S608 - names are ours
    if not database.execute(f"{some} LIMIT 1").fetchall():
        return f"NULL::DOUBLE AS {name}"
    # In the order of the file, which several threads would not keep.
    distinct = f"SELECT {name} FROM cells WHERE {name} IS NOT NULL GROUP BY {name}"  # noqa: S608 - names are ours
    database.execute(f"CREATE TYPE of_{name} AS ENUM ({distinct} ORDER BY min(rowid))")
    return f"{name}::of_{name} AS {name}"


def _columns(sample: Sequence[Sequence[str]], width: int) -> Iterator[list[str]]:
    for number in range(width):
        cells = (row[number] for row in sample if number < len(row) and row[number])
        yield [*islice(cells, N_SAMPLE_CELLS)]


def _are_plain_numbers(cells: Sequence[str]) -> bool:
    """Return whether a column's first cells are numbers in the notation of programs."""
    cells = [cell for cell in cells if not number_texts.is_missing(cell)]
    if not cells or not all(PLAIN_NUMBER.fullmatch(cell) for cell in cells):
        return False
    # Years and months of a period are kept as they are written.
    if all(map(PERIOD_NUMBER.fullmatch, cells)):
        return False
    return "." in number_texts.evidence(cells) or not any("." in cell for cell in cells)


def _csv_fault(message: str) -> str:
    """Return DuckDB's error about a CSV file in plain words, with the line."""
    line = re.search(r"CSV Error on Line: (\d+)", message)
    where = f", line {line[1]}" if line else ""
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if cells:
        return (
            f"{where} has more cells than the header line, which has "
            f"{cells[1]}: correct it, and put text with commas in quotation marks"
        )
    if "not utf-8" in message:
        return f"{where} is not UTF-8 text: save the file as CSV UTF-8"
    if "unterminated quote" in message:
        return f"{where} has an unclosed quotation mark: correct it"
    if "aximum line size" in message:
        return (
            f"{where} is longer than {MAX_LINE_BYTES:,} bytes: check that the file is "
            "a table"
        )
    return f"{where} cannot be read: {message.splitlines()[0]}"


MAX_SHARE_OF_TEXTS = 0.1
MAX_EMPTY_CELLS = 5_000_000
BYTES_OF_BLOCK = 2**16
STEP_OF_BLOCKS = 8
# Per byte of the file. A sixth is usual where half of all values are missing.
MAX_SHARE_OF_EMPTY = 1 / 3
MAX_LINE_BYTES = 2_000_000
MEMORY_LIMIT = "3GB"
N_SAMPLE_CELLS = 60
MISSING_IN_SQL = ", ".join(
    map(untrusted_files.sql_literal, sorted(number_texts.MISSING))
)
PLAIN_ENCODINGS = frozenset({"utf-8", "utf-8-sig", "ascii"})
PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.I | re.ASCII)
