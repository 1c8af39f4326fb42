"""The store's file: its tables, how it is opened, and how an older one becomes today's.

A file carries the version of its schema. One that is older is upgraded on a copy, which
is read back and compared, value by value, before it takes the old file's place; the old
one stays beside it until something has been written to the new. One that is newer is
refused. DuckDB changes a table only in migrations on a copy, and so do we.

| version | what is new |
|---|---|
| 1 | observations, aggregates, series, answers, rebased |
| 2 | the raw answers that values were read from: `raw_answers`, `raw_pieces` |
"""

import errno
import glob
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from econnet import whole
from econnet.errors import DataError
from econnet.strangers import sql_literal

VERSION = 2

# What a full or failing disk ends in: the call itself, the commit, or what follows one
# that failed.
ON_DISK = (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException)
REFUSED = (
    *(errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES),
    *(errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM),
)

OBSERVATION = (
    "country VARCHAR, indicator VARCHAR, period VARCHAR, value DOUBLE, source VARCHAR, "
    "series_id VARCHAR, retrieved_at TIMESTAMP, known_at TIMESTAMP"
)
SCHEMA = f"""
CREATE TABLE observations({OBSERVATION});
CREATE TABLE aggregates({OBSERVATION});
CREATE TABLE series(
    country VARCHAR, indicator VARCHAR, source VARCHAR, series_id VARCHAR,
    frequency VARCHAR, title VARCHAR, unit VARCHAR, base INTEGER, edition VARCHAR,
    licence VARCHAR, rights VARCHAR, attribution VARCHAR, discontinued BOOLEAN
);
CREATE TABLE answers(
    source VARCHAR, series_id VARCHAR, indicator VARCHAR, digest VARCHAR,
    first_period VARCHAR, retrieved_at TIMESTAMP
);
CREATE TABLE rebased(
    country VARCHAR, source VARCHAR, series_id VARCHAR, indicator VARCHAR,
    base_kept INTEGER, base_left INTEGER, noticed_at TIMESTAMP
);
CREATE TABLE raw_answers(sha256 VARCHAR, size BIGINT, compressed BLOB);
CREATE TABLE raw_pieces(
    source VARCHAR, series_id VARCHAR, indicator VARCHAR, retrieved_at TIMESTAMP,
    piece INTEGER, sha256 VARCHAR
);
CREATE TABLE about(version INTEGER);
"""


class HeldError(Exception):
    """A process that does not know our lock holds the file."""


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Tell what DuckDB meets on the disk and in memory, which is no bug.

    Raises
    ------
    DataError
        The file could not be read or written; what was not stored is not there at all.
    MemoryError
        There is too little memory.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise MemoryError(str(error)) from error
    except ON_DISK as error:
        raise DataError(
            f"{path} cannot be read or written ({str(error).splitlines()[0]}): free "
            "some space or mend the disk, and give the same command again; what the "
            "store held is whole"
        ) from error
    except duckdb.Error as error:
        # It has no class of its own, and everything else is a bug.
        if not str(error).startswith("Corrupt database file"):
            raise
        raise DataError(
            f"{path} is damaged ({str(error).splitlines()[0]}): put back a copy, or "
            "move it away and run `econnet fetch` again"
        ) from error


def create(path: Path) -> None:
    """Make an empty store beside its place, and move it there when it is whole."""
    new = _new(path)
    _make(new)
    new.replace(path)


def attach(path: Path, deadline: float) -> duckdb.DuckDBPyConnection:
    """Return a connection to the store, which is upgraded if it is older.

    Raises
    ------
    HeldError
        Another process holds the file past the deadline.
    DataError
        It is no store, is newer, or could not be upgraded; it is then as it was.
    """
    connection = _attached(path, deadline)
    version = version_of(connection)
    if version == VERSION:
        return connection
    try:
        if version is None or version > VERSION:
            raise DataError(refusal(path, version))
        connection.execute("CHECKPOINT store")  # so that the file is all there is
    finally:
        connection.close()
    _upgrade(path, version)
    return _attached(path, deadline)


@contextmanager
def reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection that changes nothing, not even a log that is left behind.

    Errors are DuckDB's own, for who wants to know what is broken; but for `HeldError`.
    """
    with memory() as connection:
        try:
            connection.execute(f"ATTACH {sql_literal(str(path))} AS store (READ_ONLY)")
        except duckdb.IOException as error:
            if HELD.search(str(error)):
                raise HeldError from error
            raise
        connection.execute("USE store")
        yield connection


def version_of(connection: duckdb.DuckDBPyConnection) -> int | None:
    """Return the version of the schema; `None` where the file is none of ours."""
    ours = connection.execute(
        "SELECT true FROM duckdb_columns() WHERE database_name = 'store' "
        "AND (table_name, column_name, data_type) = ('about', 'version', 'INTEGER')"
    ).fetchall()
    if not ours:
        return None
    [[version]] = connection.execute("SELECT max(version) FROM about").fetchall()
    return None if version is None else int(version)


def refusal(path: Path, version: int | None) -> str:
    """Return what to tell about a file that is none of ours, or is newer."""
    if version is None:
        return (
            f"{path} is no store of econnet: move it away, or set ECONNET_DATA to "
            "another folder"
        )
    return (
        f"{path} is a store of version {version}, made by a newer econnet, and this "
        f"one knows versions up to {VERSION}: upgrade econnet, or set ECONNET_DATA to "
        "another folder"
    )


def backups(path: Path) -> list[Path]:
    """Return the store as it was before upgrades, if it is still kept."""
    pattern = f"{glob.escape(path.name)}.v*.bak"
    return sorted(path.parent.glob(pattern))


def expected_columns() -> set[tuple[str, str, str]]:
    """Return table, column and type of each column that this version has."""
    with memory() as connection:
        connection.execute(SCHEMA)
        return columns_of(connection, "memory")


def columns_of(
    connection: duckdb.DuckDBPyConnection, file: str = "store"
) -> set[tuple[str, str, str]]:
    """Return table, column and type of each column that the file has."""
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = ? AND NOT internal",
        [file],
    ).fetchall()
    return {(table, column, kind) for table, column, kind in rows}


def memory() -> duckdb.DuckDBPyConnection:
    """Return a connection to a database in memory, to which the file is attached."""
    return duckdb.connect(config={"autoinstall_known_extensions": "false"})


def _attached(path: Path, deadline: float) -> duckdb.DuckDBPyConnection:
    """Return a connection to the file; past the deadline raise `HeldError`."""
    connection = memory()
    while True:
        try:
            connection.execute(f"ATTACH {sql_literal(str(path))} AS store")
        except duckdb.Error as error:
            if HELD.search(str(error)):
                if time.monotonic() > deadline:
                    connection.close()
                    raise HeldError from error
                time.sleep(0.05)
            elif _is_of_the_disk(error):
                # The file may be sound, and so may its log: both stay as they are.
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
    connection.execute("USE store")
    return connection


def _is_of_the_disk(error: duckdb.Error) -> bool:
    """Return whether the system refused a file, which says nothing of what it holds."""
    return any(os.strerror(number) in str(error) for number in REFUSED)


def _set_aside_log(path: Path) -> bool:
    """Rename a write-ahead log that cannot be replayed; return whether there was one.

    What it held was never confirmed to anybody, and will be fetched again.
    """
    log = path.with_name(f"{path.name}.wal")
    if not log.exists():
        return False
    log.replace(log.with_name(f"{log.name}.unreadable-{time.time_ns()}"))
    return True


def _new(path: Path) -> Path:
    """Return where a store is made, free of what was left there unfinished."""
    new = path.with_name(f"{path.name}.new")
    for leftover in (new, new.with_name(f"{new.name}.wal")):
        leftover.unlink(missing_ok=True)
    return new


def _make(path: Path, older: Path | None = None) -> None:
    """Make a store of this version, with all that an older one holds."""
    with memory() as connection:
        # Such a file can be opened by DuckDB 1.4, the oldest that econnet takes.
        connection.execute(
            f"ATTACH {sql_literal(str(path))} AS store (STORAGE_VERSION 'v1.4.0')"
        )
        connection.execute("USE store")
        connection.execute(SCHEMA)
        connection.execute("INSERT INTO about VALUES (?)", [VERSION])
        if older is not None:
            connection.execute(f"ATTACH {sql_literal(str(older))} AS older (READ_ONLY)")
            for table in _carried_over(connection):
                # By name: the order of columns has changed before.
                connection.execute(f"INSERT INTO {table} BY NAME FROM older.{table}")
        connection.execute("CHECKPOINT store")


def _upgrade(path: Path, version: int) -> None:
    """Put a store of this version in place of an older, which is kept beside it."""
    new = _new(path)
    try:
        _make(new, path)
        if different := _different(path, new):
            raise DataError(
                f"{path} is of version {version}, and its copy in version {VERSION} "
                f"differs in {different}: the store is as it was; report this, and go "
                "on with the econnet that wrote it"
            )
        whole.copy(path, path.with_name(f"{path.name}.v{version}.bak"))
        new.replace(path)
    except duckdb.Error as error:
        raise DataError(
            f"{path} is of version {version}, and could not be brought to version "
            f"{VERSION} ({str(error).splitlines()[0]}): the store is as it was; see "
            "that its disk has room for a second one, and try again"
        ) from error
    finally:
        _new(path)


def _different(older: Path, newer: Path) -> str:
    """Return the first table of which the files hold other rows, else nothing."""
    with memory() as connection:
        connection.execute(f"ATTACH {sql_literal(str(older))} AS older (READ_ONLY)")
        connection.execute(f"ATTACH {sql_literal(str(newer))} AS store (READ_ONLY)")
        for table in _carried_over(connection):
            columns = ", ".join(
                name
                for (name,) in connection.execute(
                    "SELECT column_name FROM duckdb_columns() "
                    "WHERE database_name = 'older' AND table_name = ?",
                    [table],
                ).fetchall()
            )
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


def _carried_over(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the tables of the older file that this version has too."""
    of_older, of_newer = (_tables(connection, file) for file in ("older", "store"))
    return sorted((of_older & of_newer) - {"about"})


def _tables(connection: duckdb.DuckDBPyConnection, file: str) -> set[str]:
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [file]
    ).fetchall()
    return {name for (name,) in rows if NAME.fullmatch(name)}


NAME = re.compile("[a-z_]+")
# Of a corrupt block it is told that it is one.
HELD = re.compile(r"\block\b|used by another process")
