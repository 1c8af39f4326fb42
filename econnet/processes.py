"""Processes of this machine that compute beside this one, as many as it has cores.

Networks in threads would wait for each other, for a thread holds the interpreter
between two calls of NumPy. The processes are kept for the next tasks, end some time
after their last one, and do not outlive the process that started them.
"""

import os
import signal
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TypeAlias, TypeVar

import loky

from econnet.errors import DataError

Item = TypeVar("Item")
Result = TypeVar("Result")
Numbered: TypeAlias = Generator[tuple[int, Result], None, None]


def run(
    task: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Numbered[Result]:
    """Yield the number of an item and its result, as they come.

    A process that is lost costs what was under way, which is done again. Where the
    caller stops early, so does the work.

    Raises
    ------
    DataError
        Processes were lost again and again, or none can be started.
    """
    left, lost = deque(range(len(items))), 0
    under_way: dict[Future[Result], int] = {}
    while left or under_way:
        with _starting():
            computing = pool(workers)
        try:
            with _starting(), starter() as thread:
                while left and len(under_way) < 2 * workers:
                    begun = thread.submit(computing.submit, task, items[left[0]])
                    submitted = begun.result()
                    under_way[submitted] = left.popleft()
            finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in finished:
                result = future.result()
                yield under_way.pop(future), result
        except BrokenProcessPool as error:
            lost += 1
            if lost > MOST_LOST:
                raise DataError(LOST) from error
            left.extendleft(under_way.values())
            under_way.clear()
        except BaseException:
            computing.shutdown(kill_workers=True)
            raise


@contextmanager
def _starting() -> Iterator[None]:
    """Say of an `OSError` that it came of starting a process."""
    try:
        yield
    except OSError as error:
        raise DataError(NOT_STARTED.format(error.strerror)) from error


def pool(workers: int) -> loky.ProcessPoolExecutor:
    """Return so many processes, those that are there already if they are as many."""
    return loky.get_reusable_executor(
        max_workers=workers,
        timeout=IDLE_SECONDS,
        initializer=_begin,
        initargs=(os.getpid(),),
        env=ONE_THREAD,
    )


def starter() -> ThreadPoolExecutor:
    """Return a thread that may start processes: no signal meets it half-way.

    What it starts does not hear of Ctrl-C, of which this process alone tells.
    """
    # Interrupts are heard again where it is started; so it is started before.
    resource_tracker.ensure_running()
    return ThreadPoolExecutor(1, initializer=_hear_no_interrupt)


def _hear_no_interrupt() -> None:
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _begin(parent: int) -> None:
    """Make a process ready: it is silent, and ends with the one that started it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    warnings.showwarning = lambda *_, **__: None
    if sys.platform == "win32":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    else:
        threading.Thread(target=watch, daemon=True).start()


IDLE_SECONDS = 60
# Read by BLAS and OpenMP when they are loaded.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
MOST_LOST = 3
LOST = (
    "processes that computed were killed again and again, which is mostly for want of "
    "memory: close other programs, or ask for less at a time (fewer countries, fewer "
    "--members)"
)
NOT_STARTED = (
    "no process to compute in can be started ({}): close other programs, or raise the "
    "limits (`ulimit -u`, `ulimit -n`)"
)
