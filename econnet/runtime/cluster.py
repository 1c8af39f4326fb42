"""A cluster of `dask.distributed` as a place to run tasks."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from econnet.core.errors import ClusterError, UsageError
from econnet.runtime.inbox import Inbox
from econnet.runtime.processes import Numbered
from econnet.runtime.workers import run_alone

if TYPE_CHECKING:
    from distributed import Client  # not typed

Item = TypeVar("Item")
Result = TypeVar("Result")

CONNECT_SECONDS = 10.0
# Work per block: long compared with the time it takes to send, and short enough to be
# repeated when a worker is lost.
BLOCK_SECONDS = 0.5
MIN_SECONDS = 1e-3


@dataclass(frozen=True, eq=False)
class Cluster:
    """A running cluster of `dask.distributed`.

    Items are sent in blocks of about `BLOCK_SECONDS` of work, estimated from the time
    of the block before. When a worker is lost, another runs its block again. At most
    two blocks per thread of a worker are in progress at a time.
    """

    url: str
    client: "Client"

    @classmethod
    @contextmanager
    def connect(cls, url: str, seconds: float = CONNECT_SECONDS) -> Iterator["Cluster"]:
        """Connect to the scheduler at a URL like `tcp://host:8786`.

        `seconds` limits the wait for the scheduler, also when it is lost later.

        Raises
        ------
        UsageError
            The packages for clusters are not installed.
        ClusterError
            No scheduler answers, or there is no worker.
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
            # A block carries its training data; dask need not warn about the size.
            "distributed.admin.large-graph-warning-threshold": "1GB",
        }
        with dask.config.set(settings), _unlogged("distributed", "distributed.client"):
            try:
                client = distributed.Client(url, timeout=seconds)
            except (OSError, TimeoutError, ValueError) as error:
                raise ClusterError(
                    f"no scheduler answers at {url or repr(url)}: start one with `dask "
                    "scheduler`, or check the address"
                ) from error
            try:
                _await_worker(client, url, seconds)
                yield cls(url, client)
            finally:
                client.close(timeout=1)

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item] | Inbox[Item]
    ) -> Numbered[Result]:
        """Yield the number of each item and its result, as results arrive.

        Items that arrive later are sent once every thread that hands in items waits for
        its results.

        Raises
        ------
        ClusterError
            The scheduler or its last worker is gone.
        """
        inbox = Inbox.of(items)
        for arrived in inbox.batches():
            yield from self._run(task, inbox, arrived)

    def _run(
        self, task: Callable[[Item], Result], items: Inbox[Item], numbers: Sequence[int]
    ) -> Numbered[Result]:
        from distributed import CancelledError, KilledWorker, as_completed
        from distributed.comm import CommClosedError

        left = deque(numbers)
        block_of: dict[Future[tuple[list[Result], float]], list[int]] = {}
        under_way = as_completed()

        def submit(seconds: float) -> None:
            """Submit blocks of items that take about `seconds` each."""
            # The number of threads changes, because workers come and go.
            threads = max(1, sum(self.client.nthreads().values()))
            while left and len(block_of) < 2 * threads:
                size = _block_size(seconds, len(left), threads)
                block = [left.popleft() for _ in range(size)]
                chosen = [items[number] for number in block]
                future = self.client.submit(_run_block, task, chosen, pure=False)
                block_of[future] = block
                under_way.add(future)

        try:
            submit(BLOCK_SECONDS)
            for future in under_way:
                results, seconds = future.result()
                block = block_of.pop(future)
                yield from zip(block, results, strict=True)
                submit(seconds / len(block))
        except (CancelledError, CommClosedError, KilledWorker, OSError) as error:
            raise ClusterError(
                f"the cluster at {self.url} was lost ({type(error).__name__}): what "
                "was finished is kept; start it again and repeat the command"
            ) from error


def _await_worker(client: "Client", url: str, seconds: float) -> None:
    """Raise `ClusterError` if a cluster has no worker and none joins in time."""
    try:
        client.wait_for_workers(1, timeout=seconds)
    except TimeoutError as error:
        raise ClusterError(
            f"the cluster at {url} has no worker: start one with `dask worker {url}`"
        ) from error


@contextmanager
def _unlogged(*loggers: str) -> Iterator[None]:
    """Silence these loggers, because failures raise an exception as well."""
    levels = {name: logging.getLogger(name).level for name in loggers}
    for name in levels:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _run_block(
    task: Callable[[Item], Result], items: Sequence[Item]
) -> tuple[list[Result], float]:
    """Return the results of a block of items, and the seconds that it took."""
    start = time.perf_counter()
    results = run_alone(lambda block: list(map(task, block)), items)
    return results, time.perf_counter() - start


def _block_size(seconds: float, left: int, threads: int) -> int:
    """Return the number of items of the next block, if each takes `seconds`.

    It is at most a thread's share of the remaining items, so that all finish together.
    """
    share = -(-left // threads)
    return max(1, min(share, round(BLOCK_SECONDS / max(seconds, MIN_SECONDS))))
