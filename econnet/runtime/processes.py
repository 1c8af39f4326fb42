"""Worker processes on this machine, one per core.

Networks in threads would wait for each other, because a thread keeps the interpreter
lock between calls of NumPy. The processes are reused, end some time after their last
task, and do not outlive the process that started them.
"""

import errno
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import resource_tracker
from typing import TypeAlias, TypeVar

import loky

from econnet.core.errors import DataError
from econnet.runtime.inbox import Inbox

Item = TypeVar("Item")
Result = TypeVar("Result")
Numbered: TypeAlias = Generator[tuple[int, Result], None, None]


def run_in_processes(
    task: Callable[[Item], Result],
    items: Sequence[Item] | Inbox[Item],
    workers: int,
    *,
    here: bool = False,
) -> Numbered[Result]:
    """Yield the number of each item and its result, as results arrive.

    When a process is lost, the tasks in progress are run again. When the caller stops
    early, so does the work. With `here`, this process runs tasks too, from the end of
    the queue, while the others are busy and none of its threads prepares more.

    Raises
    ------
    DataError
        Processes were lost repeatedly, or none can be started.
    """
    inbox, left, lost = Inbox.of(items), deque[int](), 0
    submitted: dict[Future[Result], int] = {}

    def is_room() -> bool:
        return bool(left) and len(submitted) < 2 * workers

    def works_here() -> bool:
        return here and bool(left) and inbox.all_wait

    def is_ready() -> bool:
        done = inbox.is_complete and not submitted
        finished = any(future.done() for future in submitted)
        return done or finished or is_room() or works_here()

    while left or submitted or not inbox.is_complete:
        with _starting():
            pool = reusable_pool(workers)
        try:
            inbox.wait(is_ready)
            left.extend(inbox.take())
            with _starting(), starter() as thread:
                while is_room():
                    if works_here() and len(left) == 1 and len(submitted) >= workers:
                        break  # the others are busy: this process runs the last task
                    future = thread.submit(pool.submit, task, inbox[left[0]]).result()
                    submitted[future] = left.popleft()
                    future.add_done_callback(lambda _: inbox.notify())
            if works_here():
                number = left.pop()
                yield number, task(inbox[number])
            for future in [future for future in submitted if future.done()]:
                result = future.result()
                yield submitted.pop(future), result
        except BrokenProcessPool as error:
            lost += 1
            if lost > MAX_LOST:
                raise DataError(LOST) from error
            left.extendleft(submitted.values())
            submitted.clear()
        except BaseException:
            pool.shutdown(kill_workers=True)
            raise


def start(workers: int, modules: Sequence[str]) -> None:
    """Start worker processes; they import modules while this process continues.

    Raises
    ------
    DataError
        None can be started.
    """
    with _starting(), starter() as thread:
        pool = reusable_pool(workers)
        try:
            for _ in range(workers):
                thread.submit(pool.submit, _import, modules).result()
        except BaseException:
            pool.shutdown(kill_workers=True)
            raise


def end(workers: int) -> None:
    """End these worker processes at once, whatever they do."""
    reusable_pool(workers).shutdown(kill_workers=True)


def _import(modules: Sequence[str]) -> None:
    for module in modules:
        import_module(module)


@contextmanager
def _starting() -> Iterator[None]:
    """Turn an `OSError` from starting a process into a `DataError`.

    Resource trackers are started with the environment of this process, so the variable
    that keeps the working folder from their imports is set meanwhile.
    """
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    except OSError as error:
        raise DataError(NOT_STARTED.format(error.strerror)) from error
    finally:
        if before is None:
            os.environ.pop(SAFE_PATH, None)
        else:
            os.environ[SAFE_PATH] = before


def can_start() -> bool:
    """Return whether worker processes have what they need to talk to each other.

    Their semaphores are kept in `/dev/shm`, which some containers lack or make
    unusable.
    """
    try:
        multiprocessing.Lock()
    except OSError as error:
        # Too many open files, for example, is a limit that the user can raise.
        return error.errno not in NO_SEMAPHORES
    return True


def reusable_pool(workers: int) -> loky.ProcessPoolExecutor:
    """Return an executor with this number of processes, reusing existing ones."""
    return loky.get_reusable_executor(
        max_workers=workers,
        timeout=IDLE_SECONDS,
        initializer=_initialize,
        initargs=(os.getpid(),),
        env=WORKER_ENVIRONMENT,
    )


def starter() -> ThreadPoolExecutor:
    """Return a thread that may start processes without being interrupted.

    The processes it starts ignore Ctrl-C, which this process alone reports.
    """
    # Starting the tracker unblocks interrupts, so it is started first.
    resource_tracker.ensure_running()
    return ThreadPoolExecutor(1, initializer=_block_interrupts)


def _block_interrupts() -> None:
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _initialize(parent: int) -> None:
    """Initialise a process: it is silent, and ends with the one that started it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    warnings.showwarning = lambda *_, **__: None
    if sys.platform == "win32":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    else:
        threading.Thread(target=watch, daemon=True).start()


NO_SEMAPHORES = (errno.ENOENT, errno.EACCES, errno.EROFS, errno.ENOSPC, errno.ENOSYS)
IDLE_SECONDS = 60
SAFE_PATH = "PYTHONSAFEPATH"
# One thread of BLAS and OpenMP, and no import from the working folder.
WORKER_ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", SAFE_PATH), "1"
)
MAX_LOST = 3
LOST = (
    "worker processes were killed repeatedly, probably because memory ran out: close "
    "other programs, or do less at a time (fewer countries, fewer --members)"
)
NOT_STARTED = (
    "no worker process can be started ({}): close other programs, or raise the limits "
    "(`ulimit -u`, `ulimit -n`)"
)
