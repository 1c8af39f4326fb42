"""A Parquet file as one sheet, read by DuckDB without access to any other file.

A few bytes of Parquet can repeat a number a billion times: rows are counted first.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd

from econnet.core.errors import DataError
from econnet.data.files.sheets import check_names, check_width
from econnet.runtime import untrusted_files
from econnet.runtime.untrusted_files import MAX_TEXT_LENGTH


def read(path: Path) -> pd.DataFrame:
    """Return the columns: numbers as such, everything else as text."""
    source = untrusted_files.parquet(path.resolve())
    with _reader(path) as database:
        try:
            names = untrusted_files.parquet_columns(database, path.resolve())
            check_width(path.name, len(names))
            check_names(path.name, [name.strip() for name in names])
            types = database.execute(f"DESCRIBE FROM {source}").fetchall()
            kinds = {str(name): str(kind) for name, kind, *_ in types}
            n_rows = untrusted_files.parquet_rows(database, path.resolve())
            _check_parquet(path, kinds, n_rows)
            columns = ", ".join(_as_text(name, kind) for name, kind in kinds.items())
            query = f"SELECT {columns} FROM {source}"  # noqa: S608 - names are quoted
            cells: pd.DataFrame = database.execute(query).df()
        except duckdb.Error as error:
            raise DataError(
                f"{path.name} is not a readable Parquet file "
                f"({untrusted_files.reason(error)}): write it again"
            ) from error
    return cells


def _check_parquet(path: Path, kinds: Mapping[str, str], rows: int) -> None:
    """Raise `DataError` unless the columns are plain and few enough for memory."""
    for name, kind in kinds.items():
        if not PLAIN.fullmatch(kind):
            raise DataError(
                f"{path.name}: column {name!r} has type {kind[:40]}, which is not "
                "text, a number or a date: leave it out"
            )
    # A few bytes of Parquet can repeat a number a billion times.
    if rows * len(kinds) > MAX_CELLS:
        raise DataError(
            f"{path.name} has {rows:,} rows of {len(kinds):,} columns, too many for "
            "memory: put it in a folder and name the folder, which is then streamed"
        )


def _as_text(name: str, kind: str) -> str:
    """Return the SQL of a column as number or text; too long texts are refused."""
    column = '"' + name.replace('"', '""') + '"'
    text = f"{column}::VARCHAR"
    if NUMBER.fullmatch(kind):
        text = f"{column}::DOUBLE"
    if kind == "VARCHAR":
        fault = (
            f"a cell of {name!r} has more than {MAX_TEXT_LENGTH:,} characters: "
            "shorten it"
        )
        refuse = f"error({untrusted_files.sql_literal(fault)})"
        too_long = f"length({text}) > {MAX_TEXT_LENGTH}"
        text = f"CASE WHEN {too_long} THEN {refuse} ELSE {text} END"
    return f"{text} AS {column}"


def _reader(path: Path) -> duckdb.DuckDBPyConnection:
    return untrusted_files.reader([path.resolve()], {"temp_directory": ""})


MAX_CELLS = 10**8
# Single precision stays text: 0.1 would become 0.10000000149.
NUMBER = re.compile(
    r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|DECIMAL\(\d+,\d+\)|BOOLEAN"
)
PLAIN = re.compile(
    r"VARCHAR|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\)|BOOLEAN|"
    r"DATE|TIMESTAMP(_S|_MS|_NS)?( WITH TIME ZONE)?|ENUM\(.*\)|UUID|\"?NULL\"?"
)
