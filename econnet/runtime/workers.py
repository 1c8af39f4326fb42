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
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Protocol, TypeVar

import loky
import numpy as np
from joblib import Parallel, delayed

from econnet.runtime import processes
from econnet.runtime.blas import one_blas_thread
from econnet.runtime.inbox import Inbox
from econnet.runtime.ledger import Arrays, Ledger
from econnet.runtime.processes import Numbered

Item = TypeVar("Item")
Result = TypeVar("Result")
Value = TypeVar("Value")
Other = TypeVar("Other")


def map_threads(
    task: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> list[Result]:
    """Return the result of `task` for each item, in order.

    `workers` is the number of threads, -1 for one per core; by default one per core, or
    one in a task that has a process for itself.
    """
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
    ledger = _ledger.get()
    keys = [key(number) for number in range(len(items))] if ledger else []
    work = _Work(task, items, keys, _report.get(), ledger)
    inbox = _inbox.get()
    if inbox is None:
        _compute(Inbox(work.left()))
        return work.result()
    inbox.hand_in(work.left())
    with inbox.waiting():
        return work.result()


def side_by_side(calls: Sequence[Callable[[], Value]]) -> list[Value]:
    """Return the result of each call, in order; the tasks of all run side by side.

    Each call has its own thread. Its tasks begin to run in other processes as soon as
    it waits for them, while other calls prepare theirs; this process runs tasks once
    all calls wait.
    """
    if len(calls) < 2:
        return [call() for call in calls]
    if (inbox := _inbox.get()) is not None:
        with ThreadPoolExecutor(len(calls)) as pool:
            results = _started(calls, pool, inbox)
            with inbox.waiting():
                wait(results)
        return [result.result() for result in results]
    inbox = Inbox()
    with ThreadPoolExecutor(len(calls)) as pool:
        # Calls that were started wait for their tasks, even if others were not.
        try:
            results = _started(calls, pool, inbox)
            _compute(inbox)
        except BaseException as error:
            for task in inbox.stop(error):
                task.work.fail(error)
            raise
    return [result.result() for result in results]


def both(
    first: Callable[[], Value], second: Callable[[], Other]
) -> tuple[Value, Other]:
    """Return the results of two calls that run `side_by_side`."""
    calls: list[Callable[[], Any]] = [first, second]
    of_first, of_second = side_by_side(calls)
    return of_first, of_second


def _started(
    calls: Sequence[Callable[[], Value]],
    pool: ThreadPoolExecutor,
    inbox: "Inbox[_Task]",
) -> list[Future[Value]]:
    """Start calls that hand in tasks, each in its own thread."""

    def run(call: Callable[[], Value]) -> Value:
        with _temporarily(_inbox, inbox):
            return call()

    inbox.enter(len(calls))
    results = [pool.submit(copy_context().run, run, call) for call in calls]
    for result in results:
        # However the call ends: an error can occur before its first line.
        result.add_done_callback(lambda _: inbox.leave())
    return results


@contextmanager
def started_early(*modules: str) -> Iterator[None]:
    """Start processes of this machine, if tasks will run there.

    They import modules that the tasks need, while the caller prepares these. An error
    of the caller ends them, so that it need not wait for the imports.
    """
    place = _place.get()
    if not (isinstance(place, Cores) and place.number > 1 and processes.can_start()):
        yield
        return
    processes.start(place.number - 1, modules)
    try:
        yield
    except BaseException:
        processes.end(place.number - 1)
        raise


class _Work:
    """The tasks of one `map_tasks`, and their results.

    `keys` are empty without a ledger. Results that it has are not computed again.
    """

    def __init__(
        self,
        task: Callable[[Any], Sequence[np.ndarray]],
        items: Sequence[Any],
        keys: Sequence[str],
        report: Callable[[float], None],
        ledger: Ledger | None,
    ) -> None:
        self.task, self.items = task, items
        self._keys, self._report, self._ledger = keys, report, ledger
        self._results: dict[int, Arrays] = {}
        self._all: Future[list[Arrays]] = Future()
        for place, key in enumerate(keys):
            if ledger and (stored := ledger.find(key)) is not None:
                self._record(place, stored)
        if not items:
            self._all.set_result([])

    def left(self) -> list["_Task"]:
        """Return the tasks without a result."""
        places = range(len(self.items))
        return [_Task(self, place) for place in places if place not in self._results]

    def keep(self, place: int, arrays: Arrays) -> None:
        """Record a result, and store it in the ledger."""
        if self._ledger:
            self._ledger.keep(self._keys[place], arrays)
        self._record(place, arrays)

    def fail(self, error: BaseException) -> None:
        """Let `result` raise an error, unless all results are there."""
        if not self._all.done():
            self._all.set_exception(error)

    def result(self) -> list[Arrays]:
        """Wait for all results, and return them in order."""
        return self._all.result()

    def _record(self, place: int, arrays: Arrays) -> None:
        self._results[place] = arrays
        self._report(len(self._results) / len(self.items))
        if len(self._results) == len(self.items):
            self._all.set_result([self._results[n] for n in range(len(self.items))])


@dataclass(frozen=True, eq=False)
class _Task:
    """One task of a `_Work`; another process gets only what it needs to run it."""

    work: _Work
    place: int

    def __call__(self) -> Sequence[np.ndarray]:
        return self.work.task(self.work.items[self.place])

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return partial, (self.work.task, self.work.items[self.place])


def _compute(inbox: Inbox[_Task]) -> None:
    """Compute all tasks that arrive."""
    with closing(_place.get().run(_call, inbox)) as computed:
        for number, arrays in computed:
            task = inbox[number]
            task.work.keep(task.place, list(arrays))


def _call(task: Callable[[], Sequence[np.ndarray]]) -> Sequence[np.ndarray]:
    return task()


class Place(Protocol):
    """A place where tasks can run."""

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item] | Inbox[Item]
    ) -> Numbered[Result]:
        """Yield the number of each item and its result, as results arrive."""


@dataclass(frozen=True)
class Cores:
    """The cores of this machine, with one process each; -1 workers use all cores.

    This process is one of them: another would have to import all that it has imported.
    When a process is lost, its tasks are run again. Where no process can be started for
    lack of shared memory, all tasks run in this one.
    """

    workers: int = -1

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item] | Inbox[Item]
    ) -> Numbered[Result]:
        """Yield the number of each item and its result, as results arrive."""
        number, inbox = self.number, Inbox.of(items)
        if number > 1 and inbox.can_be_many and processes.can_start():
            yield from processes.run_in_processes(
                partial(run_alone, task), inbox, number - 1, here=True
            )
            return
        with one_blas_thread():
            for arrived in inbox.batches():
                for place in arrived:
                    yield place, task(inbox[place])

    @property
    def number(self) -> int:
        """The number of processes, this one included."""
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
# Where calls that run side by side hand in their tasks.
_inbox: ContextVar[Inbox[_Task] | None] = ContextVar("inbox", default=None)
