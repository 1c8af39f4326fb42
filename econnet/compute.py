"""Where work runs: on the cores of this machine.

Tasks are cut so that each depends on its own input alone, and BLAS is held to one
thread while they run, so that results are the same bits on any number of workers. NumPy
and scikit-learn leave the interpreter free while they compute, so threads are enough.
"""

from collections.abc import Callable, Iterable
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
