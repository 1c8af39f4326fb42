"""What a target is, and the folder in which its input is put."""

import atexit
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from econnet.core.errors import EconnetError
from econnet.runtime import untrusted_files
from tests.fuzz.mutation import Mutation


@dataclass(frozen=True)
class Target:
    """A parser of outside input.

    Parameters
    ----------
    read
        Reads the input.
    examples
        Inputs that can be read, or nearly.
    mutate
        Makes others of them.
    errors
        What may come out instead of a result.
    """

    read: Callable[[bytes], object]
    examples: Callable[[], Sequence[bytes]]
    mutate: Mutation
    errors: tuple[type[Exception], ...] = (EconnetError,)

    def try_(self, data: bytes) -> None:
        """Read an input; raise what may not come out."""
        with suppress(*self.errors):
            self.read(data)


@cache
def folder() -> Path:
    """Return a folder that is this process's own."""
    made = tempfile.TemporaryDirectory(prefix="econnet-fuzz-")
    atexit.register(made.cleanup)
    return Path(made.name)


def at(name: str, data: bytes) -> Path:
    """Write an input to a file, as of another second than the one before it.

    By its time a DuckDB that is kept open knows that a file is another.
    """
    path = folder() / name
    path.write_bytes(data)
    second = next(SECONDS)
    os.utime(path, (second, second))
    return path


SECONDS = itertools.count(10**9)


@contextmanager
def readers_kept() -> Iterator[None]:
    """Let each file keep the DuckDB that reads it, with all its settings and locks.

    To make one takes 13 ms, as long as all the rest that is done with a small file.
    """
    make = untrusted_files.reader
    kept: dict[str, duckdb.DuckDBPyConnection] = {}

    def reader(
        paths: Sequence[Path], settings: Mapping[str, str | int | bool] | None = None
    ) -> duckdb.DuckDBPyConnection:
        name = repr((paths, settings))
        if name not in kept:
            kept[name] = make(paths, settings)
        return kept[name].cursor()

    untrusted_files.reader = reader
    try:
        yield
    finally:
        untrusted_files.reader = make
        for database in kept.values():
            database.close()
