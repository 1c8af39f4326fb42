"""The user's file as a table of texts: CSV, Parquet or the first sheet of a workbook.

Files are untrusted. CSV and Parquet are read by a DuckDB that can access nothing but
that file, workbooks by openpyxl. The limits on texts, names and columns admit any
panel, and keep a small file from filling the memory.
"""

import csv
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import duckdb
import pandas as pd

from econnet.core.errors import DataError
from econnet.runtime import untrusted_files
from econnet.runtime.untrusted_files import MAX_COLUMNS, MAX_TEXT_LENGTH


def read(path: Path) -> pd.DataFrame:
    """Return the file's cells as text, missing where empty."""
    try:
        if not path.exists():
            raise DataError(f"there is no file {path}: check its name and folder")
        if not path.is_file():
            raise DataError(
                f"{path} is no regular file: save the data as one and name it"
            )
        path.open("rb").close()  # so that every format gives the same error
        match path.suffix.lower():
            case ".csv" | ".tsv" | ".txt":
                return _of_csv(path)
            case ".parquet":
                return _of_parquet(path)
            case ".xlsx":
                return _of_workbook(path)
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}") from error
    raise DataError(
        f"{path.name} is not of a kind that can be read: CSV, Parquet, xlsx"
    )


def _of_csv(path: Path) -> pd.DataFrame:
    """Return a CSV file's cells; its first line names the columns.

    Nothing is guessed from the lines after it, which are untrusted.
    """
    names, delimiter = _header(path)
    _check_names(path, names)
    columns = ", ".join(f"'{number}': 'VARCHAR'" for number in range(len(names)))
    reader = (
        f"read_csv({untrusted_files.exactly(path.resolve())}, columns = {{{columns}}}, "
        f"auto_detect = false, header = true, "
        f"delim = {untrusted_files.sql_literal(delimiter)}, "
        f"quote = '\"', escape = '\"', hive_partitioning = false)"
    )
    with _reader(path) as database:
        try:
            cells: pd.DataFrame = database.execute(f"FROM {reader}").df()
        except duckdb.Error as error:
            raise DataError(f"{path.name}{_csv_fault(str(error))}") from error
    cells.columns = pd.Index(names)
    return _without_nameless(path, cells)


def _header(path: Path) -> tuple[list[str], str]:
    """Return the names in the first line, and their delimiter."""
    with path.open("rb") as file:
        start = file.read(MAX_HEADER_BYTES)
    if not start:
        raise DataError(f"{path.name} is empty: fill it, or name another file")
    if b"\0" in start[:MAX_TEXT_LENGTH]:
        raise DataError(
            f"{path.name} is no text in UTF-8 (it may be UTF-16): save it as CSV UTF-8"
        )
    line = re.split(rb"[\r\n]", start, maxsplit=1)[0]
    if len(line) == MAX_HEADER_BYTES:
        raise DataError(
            f"{path.name}: its first line is longer than {MAX_HEADER_BYTES:,} "
            "bytes: no panel has so many columns"
        )
    try:
        text = line.decode("utf-8-sig")
        rows = {
            delimiter: next(csv.reader([text], delimiter=delimiter))
            for delimiter in DELIMITERS
            if text
        }
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}, line 1, {NO_UTF8}") from error
    except csv.Error as error:
        raise DataError(f"{path.name}, line 1 names no columns: {error}") from error
    if not rows:
        raise DataError(f"{path.name}: its first line is empty: name the columns there")
    delimiter = max(rows, key=lambda candidate: len(rows[candidate]))
    return [name.strip() for name in rows[delimiter]], delimiter


def _csv_fault(message: str) -> str:
    """Return DuckDB's error about a CSV file in plain words, with the line."""
    line = re.search(r"CSV Error on Line: (\d+)", message)
    where = f", line {line[1]}" if line else ""
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if cells:
        much = "more" if int(cells[2]) > int(cells[1]) else "fewer"
        return (
            f"{where} has {much} cells than the first line, which has {cells[1]}: "
            "correct it, and put text with commas in quotation marks"
        )
    if "not utf-8" in message:
        return f"{where}, {NO_UTF8}"
    if "unterminated quote" in message:
        return f"{where} has a quotation mark that never closes: correct it"
    if "aximum line size" in message:
        return f"{where} is longer than 2,000,000 bytes: no line of a panel is so long"
    return f"{where} cannot be read: {message.splitlines()[0]}"


def _without_nameless(path: Path, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of named columns; the others must be empty."""
    named = cells.columns != ""
    if cells.loc[:, ~named].notna().to_numpy().any():
        raise DataError(
            f"{path.name}: column {named.argmin() + 1} has values but no name in the "
            "first line: name it"
        )
    return cells.loc[:, named]


def _of_parquet(path: Path) -> pd.DataFrame:
    source = untrusted_files.parquet(path.resolve())
    with _reader(path) as database:
        try:
            names = untrusted_files.parquet_columns(database, path.resolve())
            _check_names(path, [name.strip() for name in names])
            types = database.execute(f"DESCRIBE FROM {source}").fetchall()
            kinds = {str(name): str(kind) for name, kind, *_ in types}
            n_rows = untrusted_files.parquet_rows(database, path.resolve())
            _check_parquet(path, kinds, n_rows)
            columns = ", ".join(_as_text(name, kind) for name, kind in kinds.items())
            query = f"SELECT {columns} FROM {source}"  # noqa: S608 - names are quoted
            cells: pd.DataFrame = database.execute(query).df()
        except duckdb.Error as error:
            raise DataError(
                f"{path.name} is no Parquet file that can be read "
                f"({untrusted_files.reason(error)}): write it again"
            ) from error
    return cells


def _check_parquet(path: Path, kinds: Mapping[str, str], rows: int) -> None:
    """Raise `DataError` unless the columns are plain and few enough for memory."""
    for name, kind in kinds.items():
        if not PLAIN.fullmatch(kind):
            raise DataError(
                f"{path.name}: column {name!r} has type {kind[:40]}, which is no text, "
                "number or date: leave it out"
            )
    # A few bytes of Parquet can repeat a number a billion times.
    if rows * len(kinds) > MAX_CELLS:
        raise DataError(
            f"{path.name} has {rows:,} rows of {len(kinds):,} columns, too many for "
            "memory: put it in a folder and name that, which is read piece by piece"
        )


def _as_text(name: str, kind: str) -> str:
    """Return the SQL of a column as text, which refuses texts that are too long."""
    column = '"' + name.replace('"', '""') + '"'
    text = f"{column}::VARCHAR"
    if kind == "VARCHAR":
        fault = (
            f"a cell of {name!r} has more than {MAX_TEXT_LENGTH:,} letters: shorten it"
        )
        refuse = f"error({untrusted_files.sql_literal(fault)})"
        too_long = f"length({text}) > {MAX_TEXT_LENGTH}"
        text = f"CASE WHEN {too_long} THEN {refuse} ELSE {text} END"
    return f"{text} AS {column}"


def _reader(path: Path) -> duckdb.DuckDBPyConnection:
    return untrusted_files.reader([path.resolve()], {"temp_directory": ""})


def _check_names(path: Path, names: Sequence[str]) -> None:
    """Raise `DataError` for too many columns, equal names or too long a name."""
    if len(names) > MAX_COLUMNS:
        raise DataError(
            f"{path.name} has {len(names):,} columns, more than {MAX_COLUMNS:,}: "
            "write it long, with the columns country, period, indicator and value"
        )
    seen: set[str] = set()
    for name in names:
        if len(name) > MAX_TEXT_LENGTH:
            raise DataError(
                f"{path.name}: a column's name has {len(name):,} letters, and may have "
                f"{MAX_TEXT_LENGTH:,}: {name[:20]!r}..."
            )
        # DuckDB does not distinguish upper and lower case, nor does a hurried reader.
        if name and name.casefold() in seen:
            raise DataError(
                f"{path.name}: two columns are called {name!r}: rename one of them"
            )
        seen.add(name.casefold())


def _of_workbook(path: Path) -> pd.DataFrame:
    """Return the cells of a workbook's first sheet."""
    try:
        with ZipFile(path) as members:
            unpacked = sum(member.file_size for member in members.infolist())
        if unpacked > MAX_WORKBOOK_BYTES:
            raise DataError(
                f"{path.name} unpacks to {unpacked:,} bytes, more than "
                f"{MAX_WORKBOOK_BYTES:,}: save it as CSV"
            )
        rows = pd.read_excel(path, header=None, dtype=str, keep_default_na=False)
    except ImportError as error:
        raise DataError(
            f"{path.name} needs one more package: pip install 'econnet[excel]'"
        ) from error
    except WORKBOOK_ERRORS as error:
        raise DataError(
            f"{path.name} is no Excel workbook that can be read: save it as CSV"
        ) from error
    if rows.empty:
        raise DataError(f"{path.name} is empty: fill it, or name another file")
    names = [str(name).strip() for name in rows.iloc[0]]
    _check_names(path, names)
    cells = rows.iloc[1:].set_axis(pd.Index(names), axis=1).reset_index(drop=True)
    return _without_nameless(path, cells.replace("", None))


DELIMITERS = (",", ";", "\t", "|")
NO_UTF8 = "is no UTF-8 text: save the file as CSV UTF-8"
MAX_HEADER_BYTES = 2**20
MAX_CELLS = 10**8
MAX_WORKBOOK_BYTES = 2**30
# What openpyxl and the readers below it are known to raise over damaged files.
WORKBOOK_ERRORS = (
    *(ArithmeticError, AttributeError, BadZipFile, EOFError, LookupError, zlib.error),
    *(NotImplementedError, RuntimeError, SyntaxError, TypeError, ValueError),
)
PLAIN = re.compile(
    r"VARCHAR|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|BOOLEAN|"
    r"DATE|TIMESTAMP(_S|_MS|_NS)?( WITH TIME ZONE)?|ENUM\(.*\)|UUID|\"?NULL\"?"
)
