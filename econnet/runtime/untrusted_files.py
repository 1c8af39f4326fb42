"""Untrusted files, read by DuckDB without access to any other file.

DuckDB has no access to the network either, loads no extension, and its settings are
locked. Normally it interprets a file's name as a pattern, and folders called
`key=value` as columns. Here a name means that one file, and its columns are those in
the file.
"""

import glob
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from econnet.core.errors import DataError
from econnet.core.text import one_line

# More than any real panel, and few enough to be read in seconds.
MAX_COLUMNS = 5_000
MAX_TEXT_LENGTH = 1_000
# Squares of such numbers, and the growth from one to another, do not overflow.
MAX_VALUE, MIN_MAGNITUDE = 1e30, 1e-30


def reader(
    paths: Sequence[Path], settings: Mapping[str, str | int | bool] | None = None
) -> duckdb.DuckDBPyConnection:
    """Return a connection that can read these files, given as resolved paths.

    Parameters
    ----------
    settings
        Further settings of DuckDB, applied before all are locked.
    """
    names = [name for path in paths for name in {path.as_posix(), _as_pattern(path)}]
    allowed = ", ".join(map(sql_literal, names))
    database = duckdb.connect()
    # Otherwise a time with a zone would be converted to this computer's zone.
    for setting, value in {"TimeZone": "UTC", **(settings or {})}.items():
        written = sql_literal(value) if isinstance(value, str) else str(value).lower()
        database.execute(f"SET {setting} = {written}")
    for locked in (
        f"allowed_paths = [{allowed}]",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        database.execute(f"SET {locked}")
    return database


def parquet(path: Path, **options: bool) -> str:
    """Return the table function that reads one Parquet file, and no other."""
    given = "".join(f", {name} = {value}".lower() for name, value in options.items())
    return f"read_parquet({exactly(path)}, hive_partitioning = false{given})"


def parquet_columns(database: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """Return the names of a Parquet file's columns, as in the file itself."""
    query = f"SELECT name, num_children FROM parquet_schema({exactly(path)})"  # noqa: S608 - the name is quoted
    _, *nodes = database.execute(query).fetchall()
    names, below = [], 0
    for name, children in nodes:
        if below:  # a part of the previous column
            below += int(children or 0) - 1
        else:
            names.append(str(name))
            below = int(children or 0)
    return names


def parquet_rows(database: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Return the number of rows of a Parquet file."""
    query = f"SELECT count(*) FROM {parquet(path)}"  # noqa: S608 - the name is quoted
    return int(database.execute(query).fetchall()[0][0])


def reason(error: duckdb.Error) -> str:
    """Return DuckDB's error about a file in one line, without the kind of error."""
    text = re.sub(r"^([A-Z][A-Za-z]+ )+Error: ", "", str(error).partition("\n")[0])
    return one_line(text)


def exactly(path: Path) -> str:
    """Return the SQL literal that names this file only, whatever its name."""
    return sql_literal(_as_pattern(path))


def sql_literal(text: str) -> str:
    """Return a text, such as a path, as a string literal of SQL.

    Raises
    ------
    DataError
        It is a path that DuckDB cannot open, because it is not UTF-8.
    """
    escaped = checked_utf8(text).replace("'", "''")
    return f"'{escaped}'"


def checked_utf8(path: str) -> str:
    """Return a path that DuckDB can open; raise `DataError` if it is not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"{one_line(path)} is not UTF-8: rename the file or folder"
        ) from None
    return path


def _as_pattern(path: Path) -> str:
    return glob.escape(path.as_posix())
