"""Where work runs: on the cores of this machine, or on a cluster.

Tasks are cut so that each depends on its own input alone, and BLAS is held to one
thread while they run, so that results are the same bits wherever they run, on any
number of workers. `each` is for work that must stay in this process: it runs in
threads, for which it should leave the interpreter free most of the time. `spread` is
for work that may go anywhere: it goes where `using` says, to processes of this machine
if nothing is said, and its results are kept in a ledger, if there is one, so that what
was finished before an interruption is not done again.
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
from threadpoolctl import threadpool_limits

from econnet import processes
from econnet.processes import Numbered
from econnet.runtime.ledger import Arrays, Ledger

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    task: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> list[Result]:
    """Return the result of `task` for each item, in order; -1 workers: all cores."""
    n_jobs = _workers.get() if workers is None else workers
    with threadpool_limits(1):
        results: list[Result] = Parallel(n_jobs=n_jobs, backend="threading")(
            delayed(task)(item) for item in items
        )
    return results


def ahead(
    task: Callable[[Item], Result],
    items: Iterable[Item],
    most: int = 2,
    threads: int = 1,
) -> Iterator[Result]:
    """Yield the result of `task` for each item, in order, made on other threads.

    While the caller works on one result, the next are made, at most `most` of them, so
    that memory does not grow with the items.
    """
    left = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        coming = deque(pool.submit(task, item) for item in islice(left, most))
        try:
            while coming:
                result = coming.popleft().result()
                coming.extend(pool.submit(task, item) for item in islice(left, 1))
                yield result
        finally:
            for future in coming:
                future.cancel()


def spread(
    task: Callable[[Item], Sequence[np.ndarray]],
    items: Sequence[Item],
    key: Callable[[int], str],
) -> list[Arrays]:
    """Return the arrays that `task` makes of each item, in order.

    What share of them is finished, `heard` lets know.

    Parameters
    ----------
    task
        Depends on nothing but its item, and can be sent to another process.
    key
        Takes an item's number, and returns a digest of all that its result depends on,
        for the ledger.
    """
    where = _where.get()
    results: dict[int, Arrays] = {}
    keys = [key(number) for number in range(len(items))] if where.ledger else []
    for number, name in enumerate(keys):
        found = where.ledger.find(name) if where.ledger else None
        if found is not None:
            results[number] = found
            _hear.get()(len(results) / len(items))
    left = [number for number in range(len(items)) if number not in results]
    with closing(where.place.run(task, [items[number] for number in left])) as made:
        for position, arrays in made:
            number = left[position]
            results[number] = list(arrays)
            if where.ledger:
                where.ledger.keep(keys[number], results[number])
            _hear.get()(len(results) / len(items))
    return [results[number] for number in range(len(items))]


class Place(Protocol):
    """Somewhere that tasks can run."""

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Numbered[Result]:
        """Yield the number of an item and its result, as they come."""


@dataclass(frozen=True)
class Cores:
    """The cores of this machine, a process on each; -1 workers: all of them.

    A process that is lost costs what it was at, which is done again.
    """

    workers: int = -1

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Numbered[Result]:
        """Yield the number of an item and its result, as they come.

        Raises
        ------
        DataError
            Processes were lost again and again.
        """
        wanted = _workers.get() if self.workers == -1 else self.workers
        workers = loky.cpu_count() if wanted == -1 else wanted
        if min(workers, len(items)) > 1:
            yield from processes.run(partial(run_alone, task), items, workers)
            return
        with threadpool_limits(1):
            for number, item in enumerate(items):
                yield number, task(item)


@dataclass(frozen=True)
class _Where:
    place: Place = Cores()
    ledger: Ledger | None = None


@contextmanager
def using(place: Place | None = None, ledger: Ledger | None = None) -> Iterator[None]:
    """Let `spread` work in this place, and keep results in this ledger."""
    token = _where.set(_Where(place or Cores(), ledger))
    try:
        yield
    finally:
        _where.reset(token)


@contextmanager
def heard(hear: Callable[[float], None]) -> Iterator[None]:
    """Let it be heard what share of its items `spread` has finished, from 0 to 1."""
    token = _hear.set(hear)
    try:
        yield
    finally:
        _hear.reset(token)


def run_alone(task: Callable[[Item], Result], item: Item) -> Result:
    """Run a task in a process that may have others beside it, on other cores."""
    token = _workers.set(1)
    # For good: at the end of one task, another may be under way in the same process.
    threadpool_limits(1)
    try:
        return task(item)
    finally:
        _workers.reset(token)


HERE = _Where()
_where: ContextVar[_Where] = ContextVar("where", default=HERE)
_hear: ContextVar[Callable[[float], None]] = ContextVar("hear", default=lambda _: None)
_workers: ContextVar[int] = ContextVar("workers", default=-1)
