"""Files from strangers: a DuckDB that can read them and nothing else.

It reaches no other file and no network, loads no extension, and its settings are
locked. A file's name is a pattern to DuckDB, and folders called `key=value` are columns
to it: here a name means that one file, and a column is one that stands in it.
"""

import glob
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from econnet.core.text import one_line

# More than any panel that people make, and few enough to be read in seconds.
MOST_COLUMNS = 5_000
LONGEST_TEXT = 1_000
# The squares of such numbers, and the growth from one to the other, are numbers too.
LARGEST, SMALLEST = 1e30, 1e-30


def reader(
    paths: Sequence[Path], settings: Mapping[str, str | int | bool] | None = None
) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB that can read these files, given as `Path.resolve` gives them.

    Parameters
    ----------
    settings
        Further settings of DuckDB, which are made before all are locked.
    """
    names = [name for path in paths for name in {path.as_posix(), _as_pattern(path)}]
    allowed = ", ".join(map(sql_literal, names))
    database = duckdb.connect()
    # Else a moment with a zone would be shown as of this computer's.
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
    given = "".join(f", {name} = {it}".lower() for name, it in options.items())
    return f"read_parquet({exactly(path)}, hive_partitioning = false{given})"


def parquet_columns(database: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """Return what the columns of a Parquet file are called in the file itself."""
    query = f"SELECT name, num_children FROM parquet_schema({exactly(path)})"  # noqa: S608 - the name is quoted
    _, *nodes = database.execute(query).fetchall()
    names, below = [], 0
    for name, children in nodes:
        if below:  # a part of the column before
            below += int(children or 0) - 1
        else:
            names.append(str(name))
            below = int(children or 0)
    return names


def parquet_rows(database: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Return how many rows a Parquet file has."""
    query = f"SELECT num_rows FROM parquet_file_metadata({exactly(path)})"  # noqa: S608 - the name is quoted
    return int(database.execute(query).fetchall()[0][0])


def reason(error: duckdb.Error) -> str:
    """Return what DuckDB says of a file in one line, its kind of error left out."""
    text = re.sub(r"^([A-Z][A-Za-z]+ )+Error: ", "", str(error).partition("\n")[0])
    return one_line(text)


def exactly(path: Path) -> str:
    """Return the literal of SQL that names this file alone, whatever it is called."""
    return sql_literal(_as_pattern(path))


def sql_literal(text: str) -> str:
    """Return a text as a string literal of SQL."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _as_pattern(path: Path) -> str:
    return glob.escape(path.as_posix())
