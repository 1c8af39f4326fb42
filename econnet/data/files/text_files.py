"""Text files of any encoding and separator, as one sheet.

Small files are read by the standard library. Of a large one the first lines are, and
DuckDB reads the rest, without access to any other file. Columns whose first cells are
plain numbers are read as numbers at once; if any cell of them is another text, DuckDB
reads the file again and shows which columns have such texts.
"""

import csv
import io
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import charset_normalizer
import duckdb
import numpy as np
import pandas as pd

from econnet.core.errors import DataError
from econnet.data.files import number_texts
from econnet.data.files.codes import Column, categorical
from econnet.data.files.sheets import Sheet, check_width
from econnet.runtime import untrusted_files


def read(path: Path) -> Sheet:
    """Return the sheet of a text file."""
    size = path.stat().st_size
    if size == 0:
        raise DataError(f"{path.name} is empty: fill it, or name another file")
    with path.open("rb") as file:
        head = file.read(SMALL_BYTES + 1)
    encoding = _encoding(path, head)
    note = "" if encoding in PLAIN_ENCODINGS else f"text in {encoding}"
    if size <= SMALL_BYTES:
        return _sheet(path, head.decode(encoding, errors="replace"), note)
    return _large(path, head, encoding, note)


def _encoding(path: Path, head: bytes) -> str:
    """Return the encoding of a file's first bytes."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    zeros = head[:4000].count(0)
    if zeros:
        even, odd = head[0:4000:2].count(0), head[1:4000:2].count(0)
        for encoding, few, many in (("utf-16-le", even, odd), ("utf-16-be", odd, even)):
            if few == 0 and many > 0.3 * len(head[:4000]) / 2:
                return encoding
        raise DataError(f"{path.name} is not a text file: {KINDS_OF_FILES}")
    try:
        head[: len(head) - 4 if len(head) > SMALL_BYTES else None].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.end < len(head) - 4 or len(head) <= SMALL_BYTES:
            return _other_encoding(path, head)
    return "utf-8-sig"


def _other_encoding(path: Path, head: bytes) -> str:
    """Return the encoding of text that is not Unicode."""
    controls = sum(head[:4000].count(code) for code in range(32) if code not in SPACES)
    if controls > 0.02 * len(head[:4000]):
        raise DataError(f"{path.name} is not a text file: {KINDS_OF_FILES}")
    # Only lines with characters beyond ASCII are informative.
    lines = [line for line in head.splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:20_000]
    best = charset_normalizer.from_bytes(sample, cp_isolation=ENCODINGS).best()
    is_short = len(sample) < MIN_SAMPLE_BYTES and not _is_of_pairs(sample)
    if best is None or is_short or _is_western(sample):
        return "cp1252" if _decodes(head, "cp1252") else "latin-1"
    return str(best.encoding)


def _is_western(sample: bytes) -> bool:
    """Return whether bytes beyond ASCII are single accented letters between others.

    Cyrillic or Japanese text has several in a row.
    """
    runs = re.findall(rb"[\x80-\xff]+", sample)
    single = sum(len(run) == 1 and run >= b"\xc0" for run in runs)
    return bool(single >= 0.8 * len(runs))


def _is_of_pairs(sample: bytes) -> bool:
    """Return whether bytes beyond ASCII come in pairs, as in Korean and Chinese."""
    runs = re.findall(rb"[\x80-\xff]+", sample)
    return len(runs) > 2 and all(len(run) % 2 == 0 for run in runs)


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _sheet(path: Path, text: str, note: str) -> Sheet:
    """Return the sheet of a text that is wholly in memory."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip("\n\t ,;|"):
        raise DataError(f"{path.name} is empty: fill it, or name another file")
    _check_lines(path, text)
    delimiter = _delimiter(text)
    if aligned := _aligned(text, delimiter):
        text, delimiter = aligned, "\t"
    rows, lines = _rows(path, text, delimiter)
    return Sheet("", rows, lines, delimiter, note)


def _aligned(text: str, delimiter: str) -> str:
    """Return a text aligned by spaces, with tabs instead; empty for any other text."""
    lines = text.split("\n")
    full = [line for line in lines if line.strip()]
    separated = sum(delimiter in line for line in full)
    if not full or separated > MAX_SHARE_OF_NOTES * len(full):
        return ""
    tables = [rows for gap in GAPS if (rows := _split_at(lines, gap))]
    found = [rows for rows in tables if _begins_with_names(rows)]
    found += [named for rows in tables if (named := _with_name_in_front(rows))]
    rows = next(iter(found + tables), [])
    return "\n".join("\t".join(row) for row in rows)


def _split_at(lines: Sequence[str], gap: str) -> list[list[str]]:
    """Return lines split at gaps, if the last ones have the same number of cells."""
    cells = [re.split(gap, line.strip()) for line in lines]
    widths = [len(row) for row in cells if row != [""]]
    usual = max({*widths}, key=widths.count)
    if usual < 2 or widths[-MIN_ALIGNED:].count(usual) < MIN_ALIGNED:
        return []
    # Any line that is not part of the table is a note, whatever its spaces.
    first = next(number for number, row in enumerate(cells) if len(row) == usual)
    return [
        row if len(row) == usual or number == first - 1 else [" ".join(row)]
        for number, row in enumerate(cells)
    ]


def _with_name_in_front(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return rows with an empty name for the first column, which R does not name."""
    first = next(number for number, row in enumerate(rows) if len(row) > 1)
    named = [[*row] for row in rows]
    named[first].insert(0, "")
    fits = len(named[first]) == len(rows[-1] if len(rows[-1]) > 1 else rows[-2])
    return named if fits and _begins_with_names([named[first]]) else []


def _begins_with_names(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first line of several cells has names, or years, for all."""
    first, *others = [row for row in rows if len(row) > 1]
    if others and len(first) != len(others[0]):
        return False
    return not any(
        number_texts.is_number(cell) and not PERIOD_NUMBER.fullmatch(cell)
        for cell in first
    )


def _check_lines(path: Path, text: str) -> None:
    if len(text) <= MAX_LINE_BYTES:
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE_BYTES:
            raise DataError(
                f"{path.name}, line {number} is longer than {MAX_LINE_BYTES:,} bytes: "
                "check that the file is a table"
            )


def _rows(
    path: Path, text: str, delimiter: str, at_most: int | None = None
) -> tuple[list[list[str]], list[int]]:
    """Return the first rows, or all, and the line on which each begins."""
    rows, lines = [], []
    reader = csv.reader(
        io.StringIO(text), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    line, n_cells = 1, 0
    try:
        for row in islice(reader, at_most):
            rows.append([cell.strip() for cell in row])
            lines.append(line)
            line = reader.line_num + 1
            n_cells += len(row)
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise DataError(
                f"{path.name}, line {line} has an unclosed quotation mark: correct it"
            ) from error
        if "field larger" in str(error):
            raise DataError(
                f"{path.name}, line {line} has a cell of more than "
                f"{csv.field_size_limit():,} characters: shorten it"
            ) from error
        raise DataError(f"{path.name}, line {line} cannot be read: {error}") from error
    return rows, lines


def _delimiter(text: str) -> str:
    """Return the delimiter: it splits most lines into the same number of cells."""
    lines = [line for line in text[:SAMPLE_LETTERS].split("\n") if line.strip()]
    lines = lines[: 1 + N_SAMPLE_LINES]
    if len(lines) > 2 and len(text) > SAMPLE_LETTERS:
        lines = lines[:-1]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        common = max(set(widths), key=widths.count, default=1)
        if common < 2:
            continue
        share = np.mean([width >= common for width in widths])
        # Decimal commas split many lines, but not all into the same number of cells.
        score = float(share) * (1 + min(common, 50) / 100)
        if score > best_score + 1e-9:
            best, best_score = delimiter, score
    return best


def _large(path: Path, head: bytes, encoding: str, note: str) -> Sheet:
    """Return the sheet of a large file, of which DuckDB reads the rest on demand."""
    text = head.decode(encoding, errors="ignore").removeprefix("\ufeff")
    text = text.replace("\r\n", "\n").replace("\r", "\n")[:SAMPLE_LETTERS]
    complete, _, _ = text.rpartition("\n")
    if not complete:
        raise DataError(
            f"{path.name}: its first line is longer than {SAMPLE_LETTERS:,} bytes: "
            "check that the file is a table"
        )
    delimiter = _delimiter(complete)
    rows, lines = _rows(path, complete, delimiter, MAX_ROWS_OF_SAMPLE)

    def below(line: int, width: int) -> pd.DataFrame:
        first = next(n for n, number in enumerate(lines) if number >= line)
        with _as_utf8(path, encoding) as plain:
            return _read_rest(path, plain, line, width, delimiter, rows[first:])

    return Sheet("", rows, lines, delimiter, note, below)


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


def _read_rest(
    path: Path,
    plain: Path,
    line: int,
    width: int,
    delimiter: str,
    sample: Sequence[Sequence[str]],
) -> pd.DataFrame:
    """Return the cells from a line on, read by DuckDB."""
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
    lines = _Lines(plain.resolve(), line - 1, delimiter, names, missing)
    with untrusted_files.reader([lines.path], limits) as database:
        try:
            return _fetch(database, lines, {*numbers}, line)
        except duckdb.Error as error:
            raise DataError(f"{path.name}{_csv_fault(str(error))}") from error


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


KINDS_OF_FILES = (
    "econnet reads CSV, TSV, JSON, Parquet, Stata and workbooks (xlsx, xls, xlsb, ods)"
)
SMALL_BYTES = 4 * 2**20
MAX_SHARE_OF_NOTES = 0.1
MIN_ALIGNED = 5
GAPS = (r" {2,}", r" +")
MAX_SHARE_OF_TEXTS = 0.1
SAMPLE_LETTERS = 2**20
MAX_LINE_BYTES = 2_000_000
MIN_SAMPLE_BYTES = 40
MEMORY_LIMIT = "3GB"
N_SAMPLE_LINES = 200
N_SAMPLE_CELLS = 60
MAX_ROWS_OF_SAMPLE = 2_000
MISSING_IN_SQL = ", ".join(
    map(untrusted_files.sql_literal, sorted(number_texts.MISSING))
)
SPACES = frozenset(b"\t\n\r\x0b\x0c")
PLAIN_ENCODINGS = frozenset({"utf-8", "utf-8-sig", "ascii"})
DELIMITERS = (",", ";", "\t", "|")
ENCODINGS = [
    *("cp1252", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "cp1250"),
    *("cp1251", "cp1253", "cp1254"),
]
# 2020, 202001, 2020.25
PERIOD_NUMBER = re.compile(r"[12]\d{3}(\d{2}|\.(0|25|50?|75|\d{4}))?", re.ASCII)
PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.I | re.ASCII)
