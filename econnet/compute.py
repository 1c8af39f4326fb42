"""Where work runs: on the cores of this machine, or on a cluster.

Tasks are cut so that each depends on its own input alone, and BLAS is held to one
thread while they run, so that results are the same bits wherever they run, on any
number of workers. `each` is for work that must stay in this process: it runs in
threads, for which it should leave the interpreter free most of the time. `spread` is
for work that may go anywhere: it goes where `using` says, to processes of this machine
if nothing is said, and its results are kept in a ledger, if there is one, so that what
was finished before an interruption is not done again.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

import loky
import numpy as np
from joblib import Parallel, delayed

from econnet import processes, whole
from econnet.errors import ClusterError, UsageError
from econnet.processes import Numbered
from econnet.runtime.blas import one_blas_thread
from econnet.runtime.npz import read_arrays, write_arrays

if TYPE_CHECKING:
    from distributed import Client  # not typed

Item = TypeVar("Item")
Result = TypeVar("Result")
Arrays: TypeAlias = list[np.ndarray]

CONNECT_SECONDS = 10.0
# Of the work that goes to a cluster in one piece: long beside what sending it costs,
# short beside what is lost with a worker.
BLOCK_SECONDS = 0.5
SHORTEST_SECONDS = 1e-3


def each(
    task: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> list[Result]:
    """Return the result of `task` for each item, in order; -1 workers: all cores."""
    n_jobs = _workers.get() if workers is None else workers
    with one_blas_thread():
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
            yield from processes.run(partial(_alone, task), items, workers)
            return
        with one_blas_thread():
            for number, item in enumerate(items):
                yield number, task(item)


@dataclass(frozen=True, eq=False)
class Cluster:
    """A running cluster of `dask.distributed`.

    Items go there in blocks of about `BLOCK_SECONDS` of work, as many of them as the
    block before would have taken. A worker that is lost costs the block it was at,
    which is done again by another. Only two blocks for each thread of a worker are
    under way at a time.
    """

    url: str
    client: "Client"

    @classmethod
    @contextmanager
    def connect(cls, url: str, seconds: float = CONNECT_SECONDS) -> Iterator["Cluster"]:
        """Connect to the scheduler at a URL like `tcp://host:8786`.

        `seconds` is how long to wait for it, also where it is lost later.

        Raises
        ------
        UsageError
            The packages for clusters are not installed.
        ClusterError
            Nobody answers there, or no worker has come.
        """
        try:
            import dask
            import distributed
        except ImportError as error:
            raise UsageError(
                "--cluster needs two more packages: pip install 'econnet[cluster]'"
            ) from error
        settings = {
            "distributed.comm.timeouts.connect": seconds,
            # A block carries what it learns from; of that dask need not warn.
            "distributed.admin.large-graph-warning-threshold": "1GB",
        }
        with dask.config.set(settings), _unlogged("distributed", "distributed.client"):
            try:
                client = distributed.Client(url, timeout=seconds)
            except (OSError, TimeoutError, ValueError) as error:
                raise ClusterError(
                    f"no scheduler answers at {url}: start one with `dask scheduler`, "
                    "or check the address"
                ) from error
            try:
                _await_worker(client, url, seconds)
                yield cls(url, client)
            finally:
                client.close(timeout=1)

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item]
    ) -> Numbered[Result]:
        """Yield the number of an item and its result, as they come.

        Raises
        ------
        ClusterError
            The scheduler is gone, or its last worker.
        """
        from distributed import CancelledError, KilledWorker, as_completed
        from distributed.comm import CommClosedError

        left = deque(range(len(items)))
        block_of: dict[Future[_Made[Result]], list[int]] = {}
        under_way = as_completed()

        def submit(seconds: float) -> None:
            """Submit blocks of items that take so many seconds each."""
            threads = self._threads()  # asked anew, for workers come and go
            while left and len(block_of) < 2 * threads:
                size = _block_size(seconds, len(left), threads)
                block = [left.popleft() for _ in range(size)]
                chosen = [items[number] for number in block]
                future = self.client.submit(_block, task, chosen, pure=False)
                block_of[future] = block
                under_way.add(future)

        try:
            submit(BLOCK_SECONDS)
            for future in under_way:
                made = future.result()
                block = block_of.pop(future)
                yield from zip(block, made.results, strict=True)
                submit(made.seconds / len(block))
        except (CancelledError, CommClosedError, KilledWorker, OSError) as error:
            raise ClusterError(
                f"the cluster at {self.url} was lost ({type(error).__name__}): what "
                "was finished is kept; start it anew and give the same command again"
            ) from error

    def _threads(self) -> int:
        threads: dict[str, int] = self.client.nthreads()
        return max(1, sum(threads.values()))


def _await_worker(client: "Client", url: str, seconds: float) -> None:
    """Raise if a cluster has no worker, and none comes soon: it would never begin."""
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError as error:
        raise ClusterError(
            f"the cluster at {url} has no worker: start one with `dask worker {url}`"
        ) from error


@contextmanager
def _unlogged(*loggers: str) -> Iterator[None]:
    """Keep what these loggers say from the screen: what matters is raised as well."""
    levels = {
        logging.getLogger(name): logging.getLogger(name).level for name in loggers
    }
    for logger in levels:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


@dataclass(frozen=True, eq=False)
class _Made(Generic[Result]):
    """What a worker made of a block of items, and how long it took."""

    results: list[Result]
    seconds: float


def _block(task: Callable[[Item], Result], items: Sequence[Item]) -> _Made[Result]:
    start = time.perf_counter()
    results = _alone(partial(_in_order, task), items)
    return _Made(results, time.perf_counter() - start)


def _in_order(task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [task(item) for item in items]


def _block_size(seconds: float, left: int, threads: int) -> int:
    """Return how many items, of so many seconds each, make the next block.

    No more than a thread's share of what is left, so that all finish together.
    """
    share = -(-left // threads)
    return max(1, min(share, round(BLOCK_SECONDS / max(seconds, SHORTEST_SECONDS))))


@dataclass(frozen=True)
class Ledger:
    """Results of finished tasks, a file each, so that they need not be done again.

    Files are written in one step; one that is damaged counts as not there.
    """

    folder: Path

    def find(self, key: str) -> Arrays | None:
        """Return the result that was kept, if any."""
        try:
            _, arrays = read_arrays(self._file(key))
            return [arrays[str(number)] for number in range(len(arrays))]
        except (FileNotFoundError, KeyError, ValueError):
            return None

    def keep(self, key: str, arrays: Arrays) -> None:
        """Keep a result."""
        self.folder.mkdir(parents=True, exist_ok=True)
        named = {str(number): array for number, array in enumerate(arrays)}
        file = self._file(key)
        with whole.alone(self.folder), whole.naming(file):
            write_arrays(file, {}, named)

    def count(self) -> int:
        """Return how many results there are."""
        return sum(1 for _ in self.folder.glob("*.npz"))

    def forget(self) -> None:
        """Drop all results, once what they were for is finished."""
        for file in self.folder.glob("*.npz"):
            file.unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.npz"


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


def _alone(task: Callable[[Item], Result], item: Item) -> Result:
    """Run a task in a process that may have others beside it, on other cores."""
    token = _workers.set(1)
    try:
        with one_blas_thread():
            return task(item)
    finally:
        _workers.reset(token)


HERE = _Where()
_where: ContextVar[_Where] = ContextVar("where", default=HERE)
_hear: ContextVar[Callable[[float], None]] = ContextVar("hear", default=lambda _: None)
_workers: ContextVar[int] = ContextVar("workers", default=-1)
