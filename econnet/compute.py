"""Where work runs: on the cores of this machine.

Tasks are cut so that each depends on its own input alone, and BLAS is held to one
thread while they run, so that results are the same bits on any number of workers. NumPy
and scikit-learn leave the interpreter free while they compute, so threads are enough.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    task: Callable[[Item], Result], items: Iterable[Item], workers: int = -1
) -> list[Result]:
    """Return the result of `task` for each item, in order; -1 workers: all cores."""
    with threadpool_limits(1):
        results: list[Result] = Parallel(n_jobs=workers, backend="threading")(
            delayed(task)(item) for item in items
        )
    return results


def ahead(
    task: Callable[[Item], Result], items: Iterable[Item], most: int = 2
) -> Iterator[Result]:
    """Yield the result of `task` for each item, in order, made on another thread.

    While the caller works on one result, the next are made, at most `most` of them, so
    that memory does not grow with the items.
    """
    left = iter(items)
    with ThreadPoolExecutor(1) as pool:
        coming = deque(pool.submit(task, item) for item in islice(left, most))
        try:
            while coming:
                result = coming.popleft().result()
                coming.extend(pool.submit(task, item) for item in islice(left, 1))
                yield result
        finally:
            for future in coming:
                future.cancel()
