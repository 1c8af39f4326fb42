"""Parallel work, in threads, in processes of this machine or on a cluster.

Each task depends on its own input only, and BLAS uses one thread while tasks run, so
that results are the same bits wherever they run, with any number of workers.
`map_threads` is for work that stays in this process: it runs in threads, so it should
release the interpreter lock most of the time. `map_tasks` is for work that can run
anywhere: in the place that `use_workers` sets, by default processes of this machine.
Its results are stored in a ledger, if there is one, so that an interrupted run can
continue. `side_by_side` is for calls that each run tasks.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from itertools import islice
from threading import Condition
from typing import Any, Protocol, TypeVar

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
    keys = [key(number) for number in range(len(items))] if _ledger.get() else []
    (results,) = _computed([_Work(task, items, keys, _report.get())])
    return results


def side_by_side(calls: Sequence[Callable[[], Value]]) -> list[Value]:
    """Return the result of each call, in order; the tasks of all run side by side.

    Each call has its own thread, and its `map_tasks` waits until every other call waits
    too or has returned. Then all their tasks run as one list, so that no worker is idle
    while another finishes the last task of one call.
    """
    if len(calls) < 2:
        return [call() for call in calls]
    rounds = _Rounds(len(calls))

    def run(call: Callable[[], Value]) -> Value:
        with _temporarily(_rounds, rounds):
            try:
                return call()
            finally:
                rounds.leave()

    with ThreadPoolExecutor(len(calls)) as pool:
        results = [pool.submit(copy_context().run, run, call) for call in calls]
        try:
            while waiting := rounds.next():
                computed = iter(
                    _computed([work for works, _ in waiting for work in works])
                )
                for works, result in waiting:
                    result.set_result([*islice(computed, len(works))])
        except BaseException as error:
            rounds.stop(error)
            raise
    return [result.result() for result in results]


def start_early(module: str) -> None:
    """Start processes of this machine, if tasks will run there.

    They import a module that the tasks need, while the caller prepares these.
    """
    place = _place.get()
    if isinstance(place, Cores):
        place.start(module)


@dataclass(frozen=True, eq=False)
class _Work:
    """The tasks of one `map_tasks`; `keys` are empty without a ledger."""

    task: Callable[[Any], Sequence[np.ndarray]]
    items: Sequence[Any]
    keys: Sequence[str]
    report: Callable[[float], None]


class _Rounds:
    """The work of several calls, which is done once all of them wait for theirs."""

    def __init__(self, calls: int) -> None:
        self._changed = Condition()
        self._calls = calls
        self._waiting: list[tuple[Sequence[_Work], Future[list[list[Arrays]]]]] = []
        self._handed_out = self._waiting
        self._stopped: BaseException | None = None

    def compute(self, works: Sequence[_Work]) -> list[list[Arrays]]:
        """Return the results of one call's work, once they are there."""
        result: Future[list[list[Arrays]]] = Future()
        with self._changed:
            if self._stopped is not None:
                raise self._stopped
            self._waiting.append((works, result))
            self._changed.notify()
        return result.result()

    def leave(self) -> None:
        """Wait no longer for a call, which has ended."""
        with self._changed:
            self._calls -= 1
            self._changed.notify()

    def next(self) -> list[tuple[Sequence[_Work], "Future[list[list[Arrays]]]"]]:
        """Return the work for which all calls wait; empty when all have ended."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) == self._calls)
            waiting, self._waiting = self._waiting, []
            self._handed_out = waiting
            return waiting

    def stop(self, error: BaseException) -> None:
        """Let all calls end with this error."""
        with self._changed:
            self._stopped = error
            for _, result in [*self._handed_out, *self._waiting]:
                if not result.done():
                    result.set_exception(error)


def _computed(works: Sequence[_Work]) -> list[list[Arrays]]:
    """Return the results of each work, in order, computed here or in the next round."""
    if (rounds := _rounds.get()) is not None:
        return rounds.compute(works)
    ledger = _ledger.get()
    results: list[dict[int, Arrays]] = [{} for _ in works]

    def record(number: int, place: int, arrays: Arrays) -> None:
        results[number][place] = arrays
        works[number].report(len(results[number]) / len(works[number].items))

    for number, work in enumerate(works):
        for place, key in enumerate(work.keys):
            stored = ledger.find(key) if ledger else None
            if stored is not None:
                record(number, place, stored)
    left = [
        (number, place)
        for number, work in enumerate(works)
        for place in range(len(work.items))
        if place not in results[number]
    ]
    items = [(works[number].task, works[number].items[place]) for number, place in left]
    with closing(_place.get().run(_call, items)) as computed:
        for position, arrays in computed:
            number, place = left[position]
            if ledger:
                ledger.keep(works[number].keys[place], list(arrays))
            record(number, place, list(arrays))
    return [
        [of_work[place] for place in range(len(work.items))]
        for work, of_work in zip(works, results, strict=True)
    ]


def _call(
    work: tuple[Callable[[Item], Sequence[np.ndarray]], Item],
) -> Sequence[np.ndarray]:
    task, item = work
    return task(item)


class Place(Protocol):
    """A place where tasks can run."""

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Numbered[Result]:
        """Yield the number of an item and its result, as they come."""


@dataclass(frozen=True)
class Cores:
    """The cores of this machine, with one process each; -1 workers: all of them.

    This process is one of them: another would have to import all that it has imported.
    When a process is lost, its tasks are run again. Where no process can be started for
    lack of shared memory, all tasks run in this one.
    """

    workers: int = -1

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Numbered[Result]:
        """Yield the number of an item and its result, as they come."""
        number = self._number()
        if min(number, len(items)) > 1 and processes.can_start():
            yield from processes.run_in_processes(
                partial(run_alone, task), items, number - 1, here=True
            )
            return
        with one_blas_thread():
            for place, item in enumerate(items):
                yield place, task(item)

    def start(self, module: str) -> None:
        """Start the processes early, if there are several, and let them import."""
        number = self._number()
        if number > 1 and processes.can_start():
            processes.start(number - 1, module)

    def _number(self) -> int:
        """Return the number of processes."""
        wanted = _workers.get() if self.workers == -1 else self.workers
        return loky.cpu_count() if wanted == -1 else wanted


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
# The calls that run side by side with the current one.
_rounds: ContextVar[_Rounds | None] = ContextVar("rounds", default=None)
