"""The store's file: its tables, how it is opened, and how it is upgraded.

A file carries the version of its schema. An older file is upgraded on a copy, which is
read back and compared, value by value, before it replaces the old file; a backup of the
old one stays beside it until something has been written to the new. A newer file is
refused.
"""

import errno
import glob
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb

from econnet.core.errors import DataError
from econnet.runtime import atomic_files
from econnet.runtime.untrusted_files import sql_literal

VERSION = 2
# Hundreds of times what all sources have; a query over this many rows still ends.
MAX_ROWS = 1_000_000_000

# Errors from a full or failing disk: of the call itself, of the commit, or of a call
# after one that failed.
ON_DISK = (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException)
REFUSED = (
    *(errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES),
    *(errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
)

SCHEMA = """
CREATE TABLE observations(
    country VARCHAR, indicator VARCHAR, period VARCHAR, value DOUBLE, source VARCHAR,
    series_id VARCHAR, retrieved_at TIMESTAMP, known_at TIMESTAMP
);
CREATE TABLE series(
    country VARCHAR, indicator VARCHAR, source VARCHAR, series_id VARCHAR,
    frequency VARCHAR, title VARCHAR, unit VARCHAR, base INTEGER, edition VARCHAR,
    licence VARCHAR, rights VARCHAR, attribution VARCHAR, discontinued BOOLEAN
);
CREATE TABLE answers(
    source VARCHAR, series_id VARCHAR, indicator VARCHAR, digest VARCHAR,
    first_period VARCHAR, retrieved_at TIMESTAMP, validators VARCHAR
);
CREATE TABLE rebased(
    country VARCHAR, source VARCHAR, series_id VARCHAR, indicator VARCHAR,
    base_kept INTEGER, base_left INTEGER, noticed_at TIMESTAMP
);
CREATE TABLE raw_answers(sha256 VARCHAR, size BIGINT, compressed BLOB);
CREATE TABLE raw_pages(
    source VARCHAR, series_id VARCHAR, indicator VARCHAR, retrieved_at TIMESTAMP,
    page INTEGER, sha256 VARCHAR
);
CREATE TABLE about(version INTEGER);
"""


class FileInUseError(Exception):
    """A process that does not use our lock has the file open."""


@contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Turn errors of DuckDB about disk and memory, which are not bugs, into our own.

    `DataError` if the file could not be read or written, `MemoryError` if there is too
    little memory; nothing was partly stored.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise MemoryError(str(error)) from error
    except ON_DISK as error:
        raise DataError(
            f"{path} cannot be read or written ({str(error).splitlines()[0]}): free "
            "some space or repair the disk, and run the same command again; the data "
            "in the store are intact"
        ) from error
    except duckdb.Error as error:
        # This error has no class of its own; any other is a bug.
        if not str(error).startswith("Corrupt database file"):
            raise
        raise DataError(
            f"{path} is damaged ({str(error).splitlines()[0]}): restore a backup, or "
            "move it away and run `econnet fetch` again"
        ) from error


def create(path: Path) -> None:
    """Create an empty store, which appears at its path only when complete."""
    new = _new(path)
    _make(new)
    new.replace(path)


def attach(path: Path, deadline: float) -> duckdb.DuckDBPyConnection:
    """Return a connection to the store, which is upgraded if its schema is older.

    Raises `FileInUseError` if another process has the file open past the deadline, and
    `DataError`, with the file unchanged, if it is not an econnet store, is newer, or
    could not be upgraded.
    """
    if not path.is_file():  # opening a named pipe would wait forever
        raise DataError(refusal(path, None))
    connection = _attached(path, deadline)
    version = version_of(connection)
    if version == VERSION and not missing_columns(connection):
        return connection
    try:
        if version is None or version > VERSION:
            raise DataError(refusal(path, version))
        if version == VERSION:
            table, column, kind = min(missing_columns(connection))
            raise DataError(
                f"{path}: its table {table} has no column {column} {kind}: move it "
                "away and run `econnet fetch` again"
            )
        connection.execute("CHECKPOINT store")  # so that the file is all there is
    finally:
        connection.close()
    _upgrade(path, version)
    return _attached(path, deadline)


@contextmanager
def reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection that changes nothing, not even a log that was left behind.

    Errors other than `FileInUseError` are DuckDB's own, which name what is broken.
    """
    with memory() as connection:
        try:
            connection.execute(f"ATTACH {sql_literal(str(path))} AS store (READ_ONLY)")
        except duckdb.IOException as error:
            if IN_USE.search(str(error)):
                raise FileInUseError from error
            raise
        _forbid_other_files(connection)
        connection.execute("USE store")
        yield connection


def version_of(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Return the version of the schema; `None` if the file is not an econnet store.

    A store consists of plain tables. A file with anything else, such as a view that
    would read other files or never end, is not a store, and nothing in it is evaluated.
    """
    version_column = ("about", "version", "INTEGER")
    if _has_more_than_tables(connection) or version_column not in columns_of(
        connection
    ):
        return None
    [[version]] = connection.execute("SELECT max(version) FROM about").fetchall()
    return None if version is None else int(version)


def _has_more_than_tables(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the store has views, functions, rules, or tables of any size."""
    others = [
        f"SELECT 1 FROM duckdb_{kind}() WHERE database_name = 'store' AND NOT internal"  # noqa: S608 - names of ours
        for kind in ("views", "functions", "types", "schemas")
    ]
    rules = [
        f"SELECT 1 FROM duckdb_{kind}() WHERE database_name = 'store'"  # noqa: S608 - names of ours
        for kind in ("sequences", "indexes", "constraints")
    ]
    computed = (
        "SELECT 1 FROM duckdb_columns() WHERE database_name = 'store' "
        "AND column_default IS NOT NULL"
    )
    too_long = (
        "SELECT 1 FROM duckdb_tables() WHERE database_name = 'store' "  # noqa: S608 - a number of ours
        f"AND estimated_size > {MAX_ROWS}"
    )
    query = " UNION ALL ".join([*others, *rules, computed, too_long])
    return bool(connection.execute(f"SELECT count(*) FROM ({query})").fetchall()[0][0])  # noqa: S608 - as above


def _forbid_other_files(connection: duckdb.DuckDBPyConnection) -> None:
    """Restrict a connection to the files that it has attached."""
    connection.execute("SET enable_external_access = false")


def refusal(path: Path, version: int | None) -> str:
    """Return the error text for a file that is not a store, or a newer one."""
    problem, remedy = "is not an econnet store", "move it away"
    if version is not None:
        problem = (
            f"is a store of version {version}, written by a newer econnet; this one "
            f"reads versions up to {VERSION}"
        )
        remedy = "upgrade econnet"
    return f"{path} {problem}: {remedy}, or set ECONNET_DATA to another folder"


def backups(path: Path) -> list[Path]:
    """Return the backups made before upgrades that are still kept."""
    pattern = f"{glob.escape(path.name)}.v*.bak"
    return sorted(path.parent.glob(pattern))


def missing_columns(
    connection: duckdb.DuckDBPyConnection,
) -> frozenset[tuple[str, str, str]]:
    """Return table, column and type of each column that the store lacks."""
    return expected_columns() - columns_of(connection)


def expected_columns() -> frozenset[tuple[str, str, str]]:
    """Return table, column and type of each column of this version."""
    return _columns_made_by(SCHEMA)


@cache
def _columns_made_by(statements: str) -> frozenset[tuple[str, str, str]]:
    with memory() as connection:
        connection.execute(statements)
        return frozenset(columns_of(connection, "memory"))


def columns_of(
    connection: duckdb.DuckDBPyConnection, file: str = "store"
) -> set[tuple[str, str, str]]:
    """Return table, column and type of each column of the file."""
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = ? AND NOT internal",
        [file],
    ).fetchall()
    return {(table, column, kind) for table, column, kind in rows}


def memory() -> duckdb.DuckDBPyConnection:
    """Return a connection to a database in memory, to which files are attached."""
    return duckdb.connect(config={"autoinstall_known_extensions": "false"})


def _attached(path: Path, deadline: float) -> duckdb.DuckDBPyConnection:
    """Return a connection to the file; past the deadline raise `FileInUseError`."""
    connection = memory()
    while True:
        try:
            connection.execute(f"ATTACH {sql_literal(str(path))} AS store")
        except duckdb.Error as error:
            if IN_USE.search(str(error)):
                if time.monotonic() > deadline:
                    connection.close()
                    raise FileInUseError from error
                time.sleep(0.05)
            elif _is_of_the_disk(error):
                # The file and its log may be intact: leave both alone.
                connection.close()
                raise
            elif not _set_aside_log(path):
                connection.close()
                raise DataError(
                    f"{path} cannot be opened as a store: move it away and run "
                    f"`econnet fetch` again ({str(error).splitlines()[0]})"
                ) from error
        else:
            break
    _forbid_other_files(connection)
    connection.execute("USE store")
    return connection


def _is_of_the_disk(error: duckdb.Error) -> bool:
    """Return whether the system refused access, so that the content may be intact."""
    return any(os.strerror(number) in str(error) for number in REFUSED)


def _set_aside_log(path: Path) -> bool:
    """Rename a write-ahead log that cannot be replayed; return whether there was one.

    Its content was never confirmed to any user, and will be fetched again.
    """
    log = path.with_name(f"{path.name}.wal")
    if not log.exists():
        return False
    log.replace(log.with_name(f"{log.name}.unreadable-{time.time_ns()}"))
    return True


def _new(path: Path) -> Path:
    """Return the path of a new store, removing unfinished files there."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    new.with_name(f"{new.name}.wal").unlink(missing_ok=True)
    return new


def _make(path: Path, older: Path | None = None) -> None:
    """Create a store of this version, with the data of an older one if given."""
    with memory() as connection:
        # DuckDB 1.4, the oldest that econnet supports, can open such a file.
        connection.execute(
            f"ATTACH {sql_literal(str(path))} AS store (STORAGE_VERSION 'v1.4.0')"
        )
        connection.execute("USE store")
        connection.execute(SCHEMA)
        connection.execute("INSERT INTO about VALUES (?)", [VERSION])
        if older is not None:
            connection.execute(f"ATTACH {sql_literal(str(older))} AS older (READ_ONLY)")
            for table in _carried_over(connection):
                # By name, because the order of columns may differ.
                connection.execute(f"INSERT INTO {table} BY NAME FROM older.{table}")
        connection.execute("CHECKPOINT store")


def _upgrade(path: Path, version: int) -> None:
    """Replace a store by one of this version, keeping the old one as a backup."""
    new = _new(path)
    try:
        _make(new, path)
        if different := _different(path, new):
            raise DataError(
                f"{path} has version {version}, and its copy in version {VERSION} "
                f"differs in {different}: the store is unchanged; report this, and "
                "continue with the econnet that wrote it"
            )
        atomic_files.copy(path, path.with_name(f"{path.name}.v{version}.bak"))
        new.replace(path)
    except duckdb.Error as error:
        raise DataError(
            f"{path} has version {version} and could not be upgraded to version "
            f"{VERSION} ({str(error).splitlines()[0]}): the store is unchanged; make "
            "sure that its disk has room for a second one, and try again"
        ) from error
    finally:
        _new(path)


def _different(older: Path, newer: Path) -> str:
    """Return the first table whose rows differ between the files, or an empty text."""
    with memory() as connection:
        connection.execute(f"ATTACH {sql_literal(str(older))} AS older (READ_ONLY)")
        connection.execute(f"ATTACH {sql_literal(str(newer))} AS store (READ_ONLY)")
        for table, columns in _carried_over(connection).items():
            before, after = (
                f"SELECT {columns} FROM {file}.{table}"  # noqa: S608 - names of ours
                for file in ("older", "store")
            )
            [[rows]] = connection.execute(
                f"SELECT count(*) FROM (({before} EXCEPT ALL {after}) "  # noqa: S608 - names of ours
                f"UNION ALL ({after} EXCEPT ALL {before}))"
            ).fetchall()
            if rows:
                return table
    return ""


def _carried_over(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the older file's columns of each table that this version has, too."""
    tables = {table for table, _, _ in columns_of(connection)} - {"about"}
    carried_over = dict[str, list[str]]()
    for table, column, _ in sorted(columns_of(connection, "older")):
        if table in tables:
            carried_over.setdefault(table, []).append(column)
    return {table: ", ".join(names) for table, names in carried_over.items()}


# The message for a corrupt block contains "block", hence the word boundary.
IN_USE = re.compile(r"\block\b|used by another process")
