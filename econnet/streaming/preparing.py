"""Ranges of a panel made ready to learn from, while others are learned from.

A range is read, its rows are chosen, shuffled and scaled, and stand then in a table
whose memory is taken once. A long panel is prepared by a process of its own, in tables
that both processes see; for a short one a thread will do. Either way come the same
bits.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from econnet import apart, compute
from econnet.apart import Apart
from econnet.streaming.files import Files, RowRange, Singles, table_in
from econnet.streaming.recipe import Abroad, Desk, Recipe, Scaling


@dataclass(frozen=True)
class Order:
    """A range to prepare.

    Parameters
    ----------
    stream
        The seed of the order of its rows.
    """

    rows: RowRange
    stream: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Setting:
    """What all ranges of a panel are prepared by.

    Parameters
    ----------
    newest_learned
        The last period whose rows are learned from.
    most_rows
        Rows of the longest range.
    """

    files: Files
    recipe: Recipe
    abroad: Abroad
    scaling: Scaling
    newest_learned: int
    most_rows: int

    @property
    def cells(self) -> int:
        """How many numbers a table holds at the most, targets included."""
        return (self.scaling.width + 1) * self.most_rows

    def table(self, memory: Singles, rows: int) -> tuple[Singles, Singles]:
        """Return inputs and targets that stand there, (inputs, rows) and (rows,)."""
        both = table_in(memory, self.scaling.width + 1, rows)
        return both[:-1], both[-1]


@dataclass(frozen=True, eq=False)
class Preparer:
    """Prepares ranges in the memory of tables, each thread at a desk of its own."""

    setting: Setting
    tables: Sequence[Singles]
    own: threading.local = field(default_factory=threading.local)

    def __call__(self, numbered: tuple[int, Order]) -> int:
        """Fill the table of that number, and return how many rows it has."""
        table, order = numbered
        it, desk = self.setting, self._desk()
        rows = it.files.read(order.rows, it.recipe.columns, desk.values)
        target = it.recipe.targets_of(rows)
        may = (rows.period <= it.newest_learned) & ~np.isnan(target)
        # Above the first rows of a range stand others, so that only here they lack
        # lags.
        may[: it.recipe.history] = False
        rng = np.random.default_rng(order.stream)
        chosen = rng.permutation(np.flatnonzero(may))
        inputs = it.recipe.inputs_of(rows, it.abroad, desk.inputs)
        it.scaling.apply(inputs, chosen, self.tables[table])
        _, y = it.table(self.tables[table], len(chosen))
        np.take(target, chosen, out=y, mode="clip")
        return len(chosen)

    def _desk(self) -> Desk:
        if not hasattr(self.own, "desk"):
            self.own.desk = Desk.of(self.setting.most_rows, self.setting.recipe)
        desk: Desk = self.own.desk
        return desk


# What another process is told: the setting, and the files that hold the tables.
Told: TypeAlias = tuple[Setting, list[Path]]
Reader: TypeAlias = Apart[Told, tuple[int, Order], int]


@contextmanager
def reader(rows: int) -> Iterator[Reader | None]:
    """Start a process that will prepare so many rows, if they are worth it."""
    if rows < FEWEST_APART:
        yield None
        return
    with apart.started(_preparer) as process:
        yield process


def prepared(
    setting: Setting, orders: Sequence[Order], reader: Reader | None = None
) -> Iterator[tuple[Singles, Singles]]:
    """Yield the rows of each range to learn from, (rows, inputs) and (rows, 1).

    They stand there until the next are asked for.
    """
    # One table is learned from, and the next are filled meanwhile: by the other process
    # `AHEAD` of them, and one here.
    count = 1 + AHEAD + 1
    numbered = [(place % count, order) for place, order in enumerate(orders)]
    if reader is None:
        tables = [np.empty(setting.cells, np.float32) for _ in range(count)]
        filled = compute.ahead(
            Preparer(setting, tables), numbered, most=AHEAD, threads=AHEAD
        )
        yield from _views(setting, tables, filled)
        return
    size = 4 * setting.cells
    folder = tempfile.TemporaryDirectory(
        prefix="econnet-", dir=_shared(count * size), ignore_cleanup_errors=True
    )
    with folder:
        paths = [_reserved(Path(folder.name, str(it)), size) for it in range(count)]
        tables = [np.memmap(path, np.float32, "r+") for path in paths]
        filled = reader.ahead((setting, paths), numbered, most=AHEAD)
        for rows in _views(setting, tables, filled):
            # Both see the tables now. So nothing is left behind, whoever is killed.
            if os.name == "posix":
                folder.cleanup()
            yield rows


def _views(
    setting: Setting, tables: Sequence[Singles], filled: Iterator[int]
) -> Iterator[tuple[Singles, Singles]]:
    for place, rows in enumerate(filled):
        X, y = setting.table(tables[place % len(tables)], rows)
        yield X.T, y[:, np.newaxis]


def _preparer(told: Told) -> Preparer:
    setting, paths = told
    return Preparer(setting, [np.memmap(path, np.float32, "r+") for path in paths])


def _shared(size: int) -> Path | None:
    """Return a folder in memory with room for so much, if the system has one."""
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < 2 * size:
        return None
    return MEMORY


def _reserved(path: Path, size: int) -> Path:
    """Write an empty file of that size, of which no part can turn out to be missing."""
    with path.open("wb") as file:
        file.truncate(size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
    return path


AHEAD = 2  # ranges that are prepared while one is learned from
FEWEST_APART = 4_000_000  # a second of training, which a process takes to start
MEMORY = Path("/dev/shm")  # noqa: S108 - of Linux; names in it are drawn
