"""Parallel work, in threads, in processes of this machine or on a cluster.

Each task depends on its own input only, and BLAS uses one thread while tasks run, so
that results are the same bits wherever they run, with any number of workers.
`map_threads` is for work that stays in this process: it runs in threads, so it should
release the interpreter lock most of the time. `map_tasks` is for work that can run
anywhere: in the place that `use_workers` sets, by default processes of this machine.
Its results are stored in a ledger, if there is one, so that an interrupted run can
continue.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Protocol, TypeVar

import loky
import numpy as np
from joblib import Parallel, delayed

from econnet.runtime import processes
from econnet.runtime.blas import one_blas_thread
from econnet.runtime.ledger import Arrays, Ledger
from econnet.runtime.processes import Numbered

Item = TypeVar("Item")
Result = TypeVar("Result")
Value = TypeVar("Value")


def map_threads(
    task: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> list[Result]:
    """Return the result of `task` for each item, in order; -1 workers: all cores."""
    n_jobs = _workers.get() if workers is None else workers
    with one_blas_thread():
        results: list[Result] = Parallel(n_jobs=n_jobs, backend="threading")(
            delayed(task)(item) for item in items
        )
    return results


def prefetch(
    task: Callable[[Item], Result],
    items: Iterable[Item],
    most: int = 2,
    threads: int = 1,
) -> Iterator[Result]:
    """Yield the result of `task` for each item, in order, computed on other threads.

    While the caller works on one result, at most `most` further ones are computed, so
    that memory does not grow with the number of items.
    """
    left = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        pending = deque(pool.submit(task, item) for item in islice(left, most))
        try:
            while pending:
                result = pending.popleft().result()
                pending.extend(pool.submit(task, item) for item in islice(left, 1))
                yield result
        finally:
            for future in pending:
                future.cancel()


def map_tasks(
    task: Callable[[Item], Sequence[np.ndarray]],
    items: Sequence[Item],
    key: Callable[[int], str],
) -> list[Arrays]:
    """Return the arrays that `task` computes for each item, in order.

    `report_progress` sets a function that is called with the share that is finished.

    Parameters
    ----------
    task
        Depends only on its item, and can be sent to another process.
    key
        Takes an item's number, and returns a digest of everything on which its result
        depends, for the ledger.
    """
    place, ledger = _place.get(), _ledger.get()
    results: dict[int, Arrays] = {}
    keys = [key(number) for number in range(len(items))] if ledger else []

    def record(number: int, arrays: Arrays) -> None:
        results[number] = arrays
        _report.get()(len(results) / len(items))

    for number, name in enumerate(keys):
        stored = ledger.find(name) if ledger else None
        if stored is not None:
            record(number, stored)
    left = [number for number in range(len(items)) if number not in results]
    with closing(place.run(task, [items[number] for number in left])) as computed:
        for position, arrays in computed:
            number = left[position]
            if ledger:
                ledger.keep(keys[number], list(arrays))
            record(number, list(arrays))
    return [results[number] for number in range(len(items))]


class Place(Protocol):
    """A place where tasks can run."""

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Numbered[Result]:
        """Yield the number of an item and its result, as they come."""


@dataclass(frozen=True)
class Cores:
    """The cores of this machine, with one process each; -1 workers: all of them.

    When a process is lost, its tasks are run again. Where no process can be started for
    lack of shared memory, tasks run in this one.
    """

    workers: int = -1

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Numbered[Result]:
        """Yield the number of an item and its result, as they come."""
        wanted = _workers.get() if self.workers == -1 else self.workers
        workers = loky.cpu_count() if wanted == -1 else wanted
        if min(workers, len(items)) > 1 and processes.can_start():
            yield from processes.run_in_processes(
                partial(run_alone, task), items, workers
            )
            return
        with one_blas_thread():
            for number, item in enumerate(items):
                yield number, task(item)


@contextmanager
def use_workers(
    place: Place | None = None, ledger: Ledger | None = None
) -> Iterator[None]:
    """Let `map_tasks` run in this place, and store results in this ledger."""
    with _temporarily(_place, place or Cores()), _temporarily(_ledger, ledger):
        yield


@contextmanager
def report_progress(report: Callable[[float], None]) -> Iterator[None]:
    """Let `map_tasks` call `report` with the share of finished items, from 0 to 1."""
    with _temporarily(_report, report):
        yield


def run_alone(task: Callable[[Item], Result], item: Item) -> Result:
    """Run a task that has a process for itself, with one thread."""
    with _temporarily(_workers, 1), one_blas_thread():
        return task(item)


@contextmanager
def _temporarily(variable: ContextVar[Value], value: Value) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


CORES = Cores()
_place: ContextVar[Place] = ContextVar("place", default=CORES)
_ledger: ContextVar[Ledger | None] = ContextVar("ledger", default=None)
_report: ContextVar[Callable[[float], None]] = ContextVar(
    "report", default=lambda _: None
)
_workers: ContextVar[int] = ContextVar("workers", default=-1)
